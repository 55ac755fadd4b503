{#- Whether a table that dbt keeps for itself is there, and the user has these rights on it. -#}
{% macro is_usable(relation, privileges=['select']) -%}
    {{ return(adapter.dispatch('is_usable')(relation, privileges)) }}
{%- endmacro %}

{% macro postgres__is_usable(relation, privileges) -%}
    {%- set query -%}
        select 1
        from pg_catalog.pg_class
        inner join pg_catalog.pg_namespace on pg_class.relnamespace = pg_namespace.oid
        where
            pg_namespace.nspname = {{ quoted(relation.schema) }}
            and pg_class.relname = {{ quoted(relation.identifier) }}
            and has_schema_privilege(pg_namespace.oid, 'usage')
            {%- for privilege in privileges %}
                and has_table_privilege(pg_class.oid, '{{ privilege }}')
            {%- endfor %}
    {%- endset -%}
    {{ return(not execute or run_query(query) | length > 0) }}
{%- endmacro %}

{#- Who may build in DuckDB may use all of its file. -#}
{% macro default__is_usable(relation, privileges) -%}
    {{ return(not execute or load_relation(relation) is not none) }}
{%- endmacro %}

{#- dbt-redshift inherits what is PostgreSQL's. -#}
{% macro redshift__is_usable(relation, privileges) -%}
    {{ return(default__is_usable(relation, privileges)) }}
{%- endmacro %}
