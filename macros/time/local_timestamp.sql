{#- A moment as local time in the zone of var `time_zone`, without a time zone. -#}
{% macro local_timestamp(column) -%}
    {{ return(adapter.dispatch('local_timestamp')(column)) }}
{%- endmacro %}

{% macro default__local_timestamp(column) -%}
    ({{ column }} at time zone '{{ var("time_zone") }}')
{%- endmacro %}
