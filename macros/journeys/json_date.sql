{#-
    Day at the start of a text under a key of a JSON object, such as 2024-02-15 or 2024-02-15T00:00:00Z. The loader does
    not check texts inside JSON, so anything else becomes NULL here and does not break the build.
-#}
{% macro json_date(column, key) -%}
    {{ return(adapter.dispatch('json_date')(column, key)) }}
{%- endmacro %}

{#- The pattern keeps Spark from reading 2024 alone as a day. -#}
{% macro default__json_date(column, key) -%}
    case
        when {{ json_text(column, key) }} like '____-%-%'
            then try_cast(left({{ json_text(column, key) }}, 10) as date)
    end
{%- endmacro %}
