{#-
    Moment at which the hour of the clock began. A moment and not a local time, so that the two hours of one name stay
    apart when clocks go back.
-#}
{% macro local_hour(column) -%}
    {{ return(adapter.dispatch('local_hour')(column)) }}
{%- endmacro %}

{#- What has passed of the local hour is taken off the moment. -#}
{% macro default__local_hour(column) -%}
    ({{ column }} - ({{ local_timestamp(column) }} - date_trunc('hour', {{ local_timestamp(column) }})))
{%- endmacro %}
