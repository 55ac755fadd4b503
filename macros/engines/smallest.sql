{#- The smallest of several values, those that are NULL left out; NULL if all are. -#}
{% macro smallest(values) -%}
    {{ return(adapter.dispatch('smallest')(values)) }}
{%- endmacro %}

{% macro default__smallest(values) -%}
    least({{ values | join(', ') }})
{%- endmacro %}

{#- In Snowflake and BigQuery one NULL makes the result of least NULL. -#}
{% macro snowflake__smallest(values) -%}
    least_ignore_nulls({{ values | join(', ') }})
{%- endmacro %}

{% macro bigquery__smallest(values) -%}
    least({{ each_or_another(values) }})
{%- endmacro %}
