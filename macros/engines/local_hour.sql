{% macro local_hour(column) -%}
    {{ return(adapter.dispatch('local_hour')(column)) }}
{%- endmacro %}

{#- A moment and not a local time, so that the two hours of one name stay apart when clocks go back. -#}
{% macro postgres__local_hour(column) -%}
    date_trunc('hour', {{ column }}, '{{ var("time_zone") }}')
{%- endmacro %}

{#- Without a time zone as third argument: what has passed of the local hour is taken off the moment. -#}
{% macro duckdb__local_hour(column) -%}
    ({{ column }} - (
        {{ column }} at time zone '{{ var("time_zone") }}'
        - date_trunc('hour', {{ column }} at time zone '{{ var("time_zone") }}')
    ))
{%- endmacro %}

{#- What is truncated keeps the offset from UTC that it has in the time zone. -#}
{% macro snowflake__local_hour(column) -%}
    date_trunc('hour', convert_timezone('{{ var("time_zone") }}', {{ column }}))
{%- endmacro %}

{% macro bigquery__local_hour(column) -%}
    timestamp_trunc({{ column }}, hour, '{{ var("time_zone") }}')
{%- endmacro %}

{% macro redshift__local_hour(column) -%}
    {{ duckdb__local_hour(column) }}
{%- endmacro %}

{#- As DuckDB, in the functions that Spark has for `at time zone`. -#}
{% macro spark__local_hour(column) -%}
    ({{ column }} - (
        from_utc_timestamp({{ column }}, '{{ var("time_zone") }}')
        - date_trunc('hour', from_utc_timestamp({{ column }}, '{{ var("time_zone") }}'))
    ))
{%- endmacro %}
