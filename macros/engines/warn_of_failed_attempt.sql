{#- Says why the last attempt failed, if it did. -#}
{% macro warn_of_failed_attempt() %}
    {%- if execute and records_operations() -%}
        {%- set failure = failed_attempt() -%}
        {%- if failure -%}
            {%- do log("Warning: this call is not recorded in schema operations: " ~ failure, info=true) -%}
        {%- endif -%}
    {%- endif -%}
{% endmacro %}

{% macro failed_attempt() -%}
    {{ return(adapter.dispatch('failed_attempt')()) }}
{%- endmacro %}

{% macro postgres__failed_attempt() -%}
    {{ return(run_query("select current_setting('operations.failure', true)").rows[0][0]) }}
{%- endmacro %}

{#- Where an attempt is made of plain statements, a failure has shown itself. -#}
{% macro default__failed_attempt() -%}
    {{ return(none) }}
{%- endmacro %}

{#- dbt-redshift inherits what is PostgreSQL's. -#}
{% macro redshift__failed_attempt() -%}
    {{ return(default__failed_attempt()) }}
{%- endmacro %}
