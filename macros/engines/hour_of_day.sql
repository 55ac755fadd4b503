{% macro hour_of_day(column) -%}
    {{ return(adapter.dispatch('hour_of_day')(column)) }}
{%- endmacro %}

{% macro default__hour_of_day(column) -%}
    cast(extract(hour from {{ column }} at time zone '{{ var("time_zone") }}') as integer)
{%- endmacro %}

{% macro snowflake__hour_of_day(column) -%}
    hour(convert_timezone('{{ var("time_zone") }}', {{ column }}))
{%- endmacro %}

{% macro bigquery__hour_of_day(column) -%}
    extract(hour from {{ column }} at time zone '{{ var("time_zone") }}')
{%- endmacro %}

{#- Spark has no `at time zone`; the session's own time zone is UTC. -#}
{% macro spark__hour_of_day(column) -%}
    hour(from_utc_timestamp({{ column }}, '{{ var("time_zone") }}'))
{%- endmacro %}
