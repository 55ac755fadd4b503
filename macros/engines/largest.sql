{#- The largest of several values, those that are NULL left out; NULL if all are. -#}
{% macro largest(values) -%}
    {{ return(adapter.dispatch('largest')(values)) }}
{%- endmacro %}

{% macro default__largest(values) -%}
    greatest({{ values | join(', ') }})
{%- endmacro %}

{#- In Snowflake and BigQuery one NULL makes the result of greatest NULL. -#}
{% macro snowflake__largest(values) -%}
    greatest_ignore_nulls({{ values | join(', ') }})
{%- endmacro %}

{% macro bigquery__largest(values) -%}
    greatest({{ each_or_another(values) }})
{%- endmacro %}
