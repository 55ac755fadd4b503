{#- Spark has no `at time zone`; the session's own time zone is UTC (profiles.yml). -#}
{% macro spark__local_timestamp(column) -%}
    from_utc_timestamp({{ column }}, '{{ var("time_zone") }}')
{%- endmacro %}

{% macro spark__start_of_day(column, time_zone) -%}
    to_utc_timestamp(cast({{ column }} as timestamp), '{{ time_zone }}')
{%- endmacro %}

{#- The difference of two moments is an interval, which can't be converted to seconds. -#}
{% macro spark__seconds_between(started_at, finished_at) -%}
    (unix_micros({{ finished_at }}) - unix_micros({{ started_at }})) / 1e6
{%- endmacro %}

{#- JSON is text, as it comes from Parquet. -#}
{% macro spark__json_text(column, key) -%}
    nullif(trim(get_json_object({{ column }}, '$.{{ key }}')), '')
{%- endmacro %}

{% macro spark__type_double() -%}
    double
{%- endmacro %}

{% macro spark__type_moment() -%}
    timestamp
{%- endmacro %}

{#- Recursive queries may neither aggregate nor correlate. -#}
{% macro spark__kmeans_centroids(points, table, id, features, clusters, max_iterations) -%}
    {{ kmeans_by_queries(points, table, id, features, clusters, max_iterations) }}
{%- endmacro %}

{#-
    Registers the raw tables with Spark, as views over the folders that `loader copy --to parquet` writes. A table would
    need to learn about every new partition; a view lists the files whenever it is read.

    During a build (on-run-start) they show the version that was published at its start, so that all models see the same
    rows while a load ends. After it (on-run-end) they follow the link `current` again: live views must not depend on a
    version that later loads remove.
-#}
{% macro register_sources(version=none) -%}
    {%- if execute and target.type == 'spark' and flags.WHICH in ('build', 'run', 'test', 'seed', 'retry') -%}
        {%- set folder = env_var('PARQUET_PATH', 'data/parquet') -%}
        {%- set published = 'select value from text.`' ~ folder ~ '/published`' -%}
        {%- set version = version or run_query(published).columns[0].values()[0] -%}
        {%- set sources = graph.sources.values() -%}
        {%- for schema in sources | map(attribute='schema') | unique -%}
            {%- do run_query('create schema if not exists ' ~ schema) -%}
        {%- endfor -%}
        {%- for source in sources -%}
            {%- set path = [folder, version, source.schema, source.identifier] | join('/') -%}
            {%- do run_query(
                'create or replace view ' ~ source.relation_name ~ ' as select * from parquet.`' ~ path ~ '`'
            ) -%}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}
