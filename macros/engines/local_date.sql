{% macro local_date(column) -%}
    {{ return(adapter.dispatch('local_date')(column)) }}
{%- endmacro %}

{% macro default__local_date(column) -%}
    cast({{ column }} at time zone '{{ var("time_zone") }}' as date)
{%- endmacro %}

{% macro snowflake__local_date(column) -%}
    cast(convert_timezone('{{ var("time_zone") }}', {{ column }}) as date)
{%- endmacro %}

{% macro bigquery__local_date(column) -%}
    date({{ column }}, '{{ var("time_zone") }}')
{%- endmacro %}

{#- Spark has no `at time zone`; the session's own time zone is UTC. -#}
{% macro spark__local_date(column) -%}
    cast(from_utc_timestamp({{ column }}, '{{ var("time_zone") }}') as date)
{%- endmacro %}
