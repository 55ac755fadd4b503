{% macro json_text(column, key) -%}
    {{ return(adapter.dispatch('json_text')(column, key)) }}
{%- endmacro %}

{% macro default__json_text(column, key) -%}
    nullif(trim({{ column }} ->> '{{ key }}'), '')
{%- endmacro %}
