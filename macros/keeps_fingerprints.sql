{#- Whether the table of fingerprints is there, and the user may read and write it; where not, every build is of all. -#}
{% macro keeps_fingerprints() %}
    {%- set relation = fingerprints_relation() -%}
    {%- set query -%}
        select 1
        from pg_catalog.pg_class
        inner join pg_catalog.pg_namespace on pg_class.relnamespace = pg_namespace.oid
        where
            pg_namespace.nspname = {{ quoted(relation.schema) }}
            and pg_class.relname = {{ quoted(relation.identifier) }}
            and has_schema_privilege(pg_namespace.oid, 'usage')
            {%- for privilege in ('select', 'insert', 'delete') %}
                and has_table_privilege(pg_class.oid, '{{ privilege }}')
            {%- endfor %}
    {%- endset -%}
    {{ return(run_query(query) | length > 0) }}
{% endmacro %}
