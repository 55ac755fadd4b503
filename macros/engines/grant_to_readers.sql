{% macro grant_to_readers(relation) -%}
    {{ return(adapter.dispatch('grant_to_readers')(relation)) }}
{%- endmacro %}

{#-
    A model that is built anew has lost its grants: this hook gives the readers theirs back in the same transaction.
    Where `loader init --roles` has not made the role, there is nothing to do.
-#}
{% macro postgres__grant_to_readers(relation) -%}
    {%- if execute and run_query("select 1 from pg_catalog.pg_roles where rolname = 'bi_reader'") | length > 0 -%}
        grant select on {{ relation }} to bi_reader
    {%- endif -%}
{%- endmacro %}

{#- The role is one that `loader init --roles` makes, which it does in PostgreSQL only; DuckDB has no roles at all. -#}
{% macro default__grant_to_readers(relation) -%}
{%- endmacro %}

{#- dbt-redshift inherits what is PostgreSQL's. -#}
{% macro redshift__grant_to_readers(relation) -%}
    {{ default__grant_to_readers(relation) }}
{%- endmacro %}
