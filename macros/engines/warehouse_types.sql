{#- A type of the sources files in a warehouse's words; numbers of any number of digits are as the loader stores them. -#}
{% macro warehouse_type(type, words) -%}
    {{ return(words.get(type | lower, type)) }}
{%- endmacro %}

{% macro snowflake__cast(field, type) -%}
    cast({{ field }} as {{ warehouse_type(type, {'numeric': 'numeric(38, 10)'}) }})
{%- endmacro %}

{% macro redshift__cast(field, type) -%}
    cast({{ field }} as {{ warehouse_type(type, {'numeric': 'numeric(38, 10)'}) }})
{%- endmacro %}

{% macro bigquery__cast(field, type) -%}
    {%- set words = {'text': 'string', 'timestamptz': 'timestamp', 'numeric': 'bignumeric(38, 10)'} -%}
    cast({{ field }} as {{ warehouse_type(type, words) }})
{%- endmacro %}
