{#-
    Statements that must not break a build whatever happens: if one fails, all are taken back, and the reason is kept for
    `warn_of_failed_attempt`. As a string and not between dollar signs, so that no value can end it.
-#}
{% macro attempt(statements) -%}
    {{ return(adapter.dispatch('attempt')(statements)) }}
{%- endmacro %}

{% macro postgres__attempt(statements) -%}
    {%- set body -%}
        begin
            perform set_config('operations.failure', '', false), set_config('lock_timeout', '5s', true);
            {{ statements }}
        exception when others then
            perform set_config('operations.failure', sqlerrm, false);
        end
    {%- endset -%}
    do {{ quoted(body) }}
{%- endmacro %}

{#- In a file of one's own there is nobody to lock a table or to refuse a right: a failure here is one to be seen. -#}
{% macro default__attempt(statements) -%}
    {{ statements }}
{%- endmacro %}

{#- dbt-redshift inherits what is PostgreSQL's. -#}
{% macro redshift__attempt(statements) -%}
    {{ default__attempt(statements) }}
{%- endmacro %}
