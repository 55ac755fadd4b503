{#- A table just built has no statistics, and the planner then takes a million rows for a few and joins them badly. -#}
{% macro gather_statistics(relation) -%}
    {{ return(adapter.dispatch('gather_statistics')(relation)) }}
{%- endmacro %}

{% macro postgres__gather_statistics(relation) -%}
    analyze {{ relation }}
{%- endmacro %}

{#- Columnar engines keep statistics as they write. -#}
{% macro default__gather_statistics(relation) -%}
{%- endmacro %}

{#- dbt-redshift inherits what is PostgreSQL's. -#}
{% macro redshift__gather_statistics(relation) -%}
    {{ default__gather_statistics(relation) }}
{%- endmacro %}
