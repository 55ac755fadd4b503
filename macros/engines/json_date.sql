{% macro json_date(column, key) -%}
    {{ return(adapter.dispatch('json_date')(column, key)) }}
{%- endmacro %}

{#- The loader checks no text inside JSON, so what is no date must be NULL here and not break the build. -#}
{% macro postgres__json_date(column, key) -%}
    case
        when pg_input_is_valid(left(trim({{ column }} ->> '{{ key }}'), 10), 'date')
            then cast(left(trim({{ column }} ->> '{{ key }}'), 10) as date)
    end
{%- endmacro %}

{% macro duckdb__json_date(column, key) -%}
    try_cast(left(trim({{ column }} ->> '{{ key }}'), 10) as date)
{%- endmacro %}

{% macro default__json_date(column, key) -%}
    {{ dbt.safe_cast('left(' ~ json_text(column, key) ~ ', 10)', 'date') }}
{%- endmacro %}

{% macro redshift__json_date(column, key) -%}
    try_cast(left({{ json_text(column, key) }}, 10) as date)
{%- endmacro %}

{#- Spark would take 2024 alone for a day. -#}
{% macro spark__json_date(column, key) -%}
    case
        when {{ json_text(column, key) }} rlike '^[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}'
            then try_cast(left({{ json_text(column, key) }}, 10) as date)
    end
{%- endmacro %}
