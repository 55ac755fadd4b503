{% macro start_of_day(column, time_zone=none) -%}
    {{ return(adapter.dispatch('start_of_day')(column, time_zone or var('time_zone'))) }}
{%- endmacro %}

{% macro default__start_of_day(column, time_zone) -%}
    cast({{ column }} as timestamp) at time zone '{{ time_zone }}'
{%- endmacro %}

{#- Snowflake and BigQuery have no `at time zone` of this meaning. -#}
{% macro snowflake__start_of_day(column, time_zone) -%}
    timestamp_tz_from_parts(
        year({{ column }}), month({{ column }}), day({{ column }}), 0, 0, 0, 0, '{{ time_zone }}'
    )
{%- endmacro %}

{% macro bigquery__start_of_day(column, time_zone) -%}
    timestamp({{ column }}, '{{ time_zone }}')
{%- endmacro %}

{#- Spark has no `at time zone`; the session's own time zone is UTC. -#}
{% macro spark__start_of_day(column, time_zone) -%}
    to_utc_timestamp(cast({{ column }} as timestamp), '{{ time_zone }}')
{%- endmacro %}
