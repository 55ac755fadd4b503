{#- Text under a key of a JSON object, trimmed; NULL if it is missing or blank, or if the JSON is not an object. -#}
{% macro json_text(column, key) -%}
    {{ return(adapter.dispatch('json_text')(column, key)) }}
{%- endmacro %}

{% macro default__json_text(column, key) -%}
    nullif(trim({{ column }} ->> '{{ key }}'), '')
{%- endmacro %}
