{#- Makes the raw tables known to an engine that keeps them as files (on-run-start). -#}
{% macro register_sources() -%}
    {%- if execute and flags.WHICH in ('build', 'run', 'test', 'seed', 'retry') -%}
        {{ return(adapter.dispatch('register_sources')()) }}
    {%- endif -%}
{%- endmacro %}

{% macro default__register_sources() -%}{%- endmacro %}

{#-
    Views over the folders that `loader copy --to parquet` writes: a table would have to be told of every new partition,
    a view lists the files whenever it is read. `current` leads to the latest complete load.
-#}
{% macro spark__register_sources() -%}
    {%- set folder = env_var('PARQUET_PATH', 'data/parquet') -%}
    {%- set sources = graph.sources.values() -%}
    {%- for schema in sources | map(attribute='schema') | unique -%}
        {%- do run_query('create schema if not exists ' ~ schema) -%}
    {%- endfor -%}
    {%- for source in sources -%}
        {%- set path = [folder, 'current', source.schema, source.identifier] | join('/') -%}
        {%- do run_query(
            'create or replace view ' ~ source.relation_name ~ ' as select * from parquet.`' ~ path ~ '`'
        ) -%}
    {%- endfor -%}
{%- endmacro %}

{#- Raw tables of Databricks are its own. -#}
{% macro databricks__register_sources() -%}{%- endmacro %}
