{#- Says why the last attempt failed, if it did. -#}
{% macro warn_of_failed_attempt() %}
    {%- if execute and records_operations() -%}
        {%- set failure = run_query("select current_setting('operations.failure', true)").rows[0][0] -%}
        {%- if failure -%}
            {%- do log("Warning: this call is not recorded in schema operations: " ~ failure, info=true) -%}
        {%- endif -%}
    {%- endif -%}
{% endmacro %}
