{#-
    dbt's own merge, after statistics on what it merges: a temporary table just made has none, and without them the planner
    sorted a table of 8 million rows, of which 1 % were to change, in place of hashing those (11.4 s for 4.8).
-#}
{% macro postgres__get_incremental_merge_sql(arg_dict) %}
    {%- do run_query(gather_statistics(arg_dict['temp_relation'])) -%}
    {{ return(default__get_incremental_merge_sql(arg_dict)) }}
{% endmacro %}

{#- dbt-redshift inherits what is PostgreSQL's. -#}
{% macro redshift__get_incremental_merge_sql(arg_dict) %}
    {{ return(default__get_incremental_merge_sql(arg_dict)) }}
{% endmacro %}
