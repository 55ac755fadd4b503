{% macro scan_by_one_process() -%}
    {{ return(adapter.dispatch('scan_by_one_process')()) }}
{%- endmacro %}

{% macro postgres__scan_by_one_process() -%}
    set local min_parallel_table_scan_size = '1TB'
{%- endmacro %}

{#- Engines that split a count among threads by themselves need no advice. -#}
{% macro default__scan_by_one_process() -%}
{%- endmacro %}

{#- dbt-redshift inherits what is PostgreSQL's. -#}
{% macro redshift__scan_by_one_process() -%}
    {{ default__scan_by_one_process() }}
{%- endmacro %}
