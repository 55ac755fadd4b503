{% macro json_text(column, key) -%}
    {{ return(adapter.dispatch('json_text')(column, key)) }}
{%- endmacro %}

{% macro default__json_text(column, key) -%}
    nullif(trim({{ column }} ->> '{{ key }}'), '')
{%- endmacro %}

{#- JSON is text in these warehouses, as Parquet brings it. -#}
{% macro snowflake__json_text(column, key) -%}
    nullif(trim(json_extract_path_text(try_parse_json({{ column }}), '{{ key }}')), '')
{%- endmacro %}

{% macro bigquery__json_text(column, key) -%}
    nullif(trim(json_value({{ column }}, '$.{{ key }}')), '')
{%- endmacro %}

{% macro redshift__json_text(column, key) -%}
    nullif(trim(json_extract_path_text({{ column }}, '{{ key }}', true)), '')
{%- endmacro %}

{#- JSON is text in Spark, and what is no object has no keys. -#}
{% macro spark__json_text(column, key) -%}
    nullif(trim(get_json_object({{ column }}, '$.{{ key }}')), '')
{%- endmacro %}
