{% macro snowflake__local_timestamp(column) -%}
    convert_timezone('{{ var("time_zone") }}', {{ column }})
{%- endmacro %}

{#- A truncated timestamp keeps its offset from UTC. -#}
{% macro snowflake__local_hour(column) -%}
    date_trunc('hour', {{ local_timestamp(column) }})
{%- endmacro %}

{#- There is no `at time zone`. -#}
{% macro snowflake__start_of_day(column, time_zone) -%}
    timestamp_tz_from_parts(
        year({{ column }}), month({{ column }}), day({{ column }}), 0, 0, 0, 0, '{{ time_zone }}'
    )
{%- endmacro %}

{#- Timestamps can't be subtracted. -#}
{% macro snowflake__seconds_between(started_at, finished_at) -%}
    timestampdiff(millisecond, {{ started_at }}, {{ finished_at }}) / 1000
{%- endmacro %}

{#- JSON is text, as it comes from Parquet. -#}
{% macro snowflake__json_text(column, key) -%}
    nullif(trim(json_extract_path_text(try_parse_json({{ column }}), '{{ key }}')), '')
{%- endmacro %}

{#- Recursive queries may neither aggregate nor correlate. -#}
{% macro snowflake__kmeans_centroids(points, table, id, features, clusters, max_iterations) -%}
    {{ kmeans_by_queries(points, table, id, features, clusters, max_iterations) }}
{%- endmacro %}

{#-
    Creates the raw tables that are missing and, given a stage with the files of `loader copy --to parquet`, fills all of
    them: `dbt run-operation load_raw_tables --args '{stage: raw.files}'` (docs/snowflake.md). A table changes in one
    transaction, so that no build finds it empty. Tables elsewhere, which vars point at, are never changed.
-#}
{% macro load_raw_tables(stage=none) -%}
    {%- for source in graph.sources.values() -%}
        {%- if not adapter.check_schema_exists(source.database, source.schema) -%}
            {%- do adapter.create_schema(api.Relation.create(database=source.database, schema=source.schema)) -%}
        {%- endif -%}
        {%- if not load_relation(source) -%}
            {%- do run_query('create table ' ~ source.relation_name ~ ' (' ~ raw_columns(source) | join(', ') ~ ')') -%}
        {%- endif -%}
        {%- if stage and source.database == target.database and source.schema in ['raw', 'loader'] -%}
            {%- set files -%}
                begin;
                delete from {{ source.relation_name }};
                copy into {{ source.relation_name }} from @{{ stage }}/{{ source.schema }}/{{ source.identifier }}/
                file_format = (type = parquet use_logical_type = true)
                match_by_column_name = case_insensitive force = true;
                commit;
            {%- endset -%}
            {%- do run_query(files) -%}
        {%- endif -%}
    {%- endfor -%}
{%- endmacro %}

{#- Names and types of a raw table's columns: those of the contract, and those that every table has. -#}
{% macro raw_columns(source) -%}
    {%- set types = {'text': 'varchar', 'jsonb': 'varchar', 'numeric': 'number(38, 10)', 'timestamptz': 'timestamp_tz'} -%}
    {%- set known = source.columns.values() | list -%}
    {%- for raw in graph.sources.values() if raw.identifier == source.config.meta.history_of -%}
        {%- do known.extend(raw.columns.values()) -%}
    {%- endfor -%}
    {%- set columns = [] -%}
    {%- for column in known -%}
        {%- do columns.append(column.name ~ ' ' ~ types.get(column.data_type, column.data_type)) -%}
    {%- endfor -%}
    {%- if source.config.meta.get('copy', true) or source.config.meta.history_of -%}
        {%- do columns.extend(['_load_id bigint', '_line bigint', '_loaded_at timestamp_tz', '_extra varchar']) -%}
    {%- endif -%}
    {{ return(columns) }}
{%- endmacro %}
