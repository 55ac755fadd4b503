{#- The word for a union without duplicates. -#}
{% macro union_distinct() -%}
    {{ return(adapter.dispatch('union_distinct')()) }}
{%- endmacro %}

{% macro default__union_distinct() -%}
    union
{%- endmacro %}

{#- BigQuery wants it said, Redshift has no word for it. -#}
{% macro bigquery__union_distinct() -%}
    union distinct
{%- endmacro %}
