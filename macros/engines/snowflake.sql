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
