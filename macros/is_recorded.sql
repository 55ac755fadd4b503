{#- Whether a table of schema operations is there and may be read. -#}
{% macro is_recorded(relation) -%}
    {{ return(adapter.dispatch('is_recorded')(relation)) }}
{%- endmacro %}

{% macro postgres__is_recorded(relation) -%}
    {%- set query -%}
        select 1
        from pg_catalog.pg_class
        inner join pg_catalog.pg_namespace on pg_class.relnamespace = pg_namespace.oid
        where
            pg_namespace.nspname = {{ quoted(relation.schema) }}
            and pg_class.relname = {{ quoted(relation.identifier) }}
            and has_schema_privilege(pg_namespace.oid, 'usage')
            and has_table_privilege(pg_class.oid, 'select')
    {%- endset -%}
    {{ return(not execute or run_query(query) | length > 0) }}
{%- endmacro %}

{#- Who may build in DuckDB may read all of its file. -#}
{% macro default__is_recorded(relation) -%}
    {{ return(not execute or load_relation(relation) is not none) }}
{%- endmacro %}
