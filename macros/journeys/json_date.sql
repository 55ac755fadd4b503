{#-
    Day that begins a text under a key of a JSON object, as 2024-02-15 and 2024-02-15T00:00:00Z do. The loader checks no
    text inside JSON, so what is no date is NULL here and does not break the build.
-#}
{% macro json_date(column, key) -%}
    {{ return(adapter.dispatch('json_date')(column, key)) }}
{%- endmacro %}

{#- The pattern keeps Spark from taking 2024 alone for a day. -#}
{% macro default__json_date(column, key) -%}
    case
        when {{ json_text(column, key) }} like '____-%-%'
            then try_cast(left({{ json_text(column, key) }}, 10) as date)
    end
{%- endmacro %}
