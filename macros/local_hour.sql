{% macro local_hour(column) -%}
    {{ return(adapter.dispatch('local_hour')(column)) }}
{%- endmacro %}

{#- A moment and not a local time, so that the two hours of one name stay apart when clocks go back. -#}
{% macro postgres__local_hour(column) -%}
    date_trunc('hour', {{ column }}, '{{ var("time_zone") }}')
{%- endmacro %}
