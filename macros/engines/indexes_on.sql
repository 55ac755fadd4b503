{#- Each item is a column or a list of columns. -#}
{% macro indexes_on(columns) -%}
    {{ return(adapter.dispatch('indexes_on')(columns)) }}
{%- endmacro %}

{% macro postgres__indexes_on(columns) -%}
    {%- set indexes = [] -%}
    {%- for column in columns -%}
        {%- do indexes.append({'columns': [column] if column is string else column}) -%}
    {%- endfor -%}
    {{ return(indexes) }}
{%- endmacro %}

{#- Columnar engines skip blocks by their own statistics; DuckDB's indexes would only slow down the merge. -#}
{% macro default__indexes_on(columns) -%}
    {{ return([]) }}
{%- endmacro %}

{#- dbt-redshift inherits what is PostgreSQL's. -#}
{% macro redshift__indexes_on(columns) -%}
    {{ return(default__indexes_on(columns)) }}
{%- endmacro %}
