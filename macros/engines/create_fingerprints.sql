{#-
    Makes the table of fingerprints where it is missing (on-run-start). It is unlogged as most tables that it tells of are:
    after a crash of the server all of them are empty, and so must this one be, or they would be kept.
-#}
{% macro create_fingerprints() %}
    {%- if execute and flags.WHICH in ('build', 'run', 'retry') -%}
        {{ return(adapter.dispatch('create_fingerprints')()) }}
    {%- endif -%}
{% endmacro %}

{% macro default__create_fingerprints() %}{% endmacro %}

{% macro postgres__create_fingerprints() %}
    {%- set relation = fingerprints_relation() -%}
    {%- set statements -%}
        -- Not `if not exists`: that asks for the right to create even where there is nothing to do.
        if not exists (select from pg_catalog.pg_namespace where nspname = {{ quoted(relation.schema) }}) then
            create schema {{ adapter.quote(relation.schema) }};
        end if;
        if to_regclass({{ quoted(relation) }}) is null then
            create unlogged table {{ relation }} (
                relation_name text primary key, table_number oid, inputs text, contents text
            );
        end if;
    {%- endset -%}
    {{ attempt(statements) }}
{% endmacro %}

{#- dbt-redshift inherits what is PostgreSQL's. -#}
{% macro redshift__create_fingerprints() -%}
    {{ default__create_fingerprints() }}
{%- endmacro %}
