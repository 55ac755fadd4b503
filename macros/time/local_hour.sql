{#-
    Moment at which the hour on the clock began. It is a moment and not a local time, so that the two hours of the same
    name stay apart when clocks go back.
-#}
{% macro local_hour(column) -%}
    {{ return(adapter.dispatch('local_hour')(column)) }}
{%- endmacro %}

{#- The part of the local hour that has passed is subtracted from the moment. -#}
{% macro default__local_hour(column) -%}
    ({{ column }} - ({{ local_timestamp(column) }} - date_trunc('hour', {{ local_timestamp(column) }})))
{%- endmacro %}
