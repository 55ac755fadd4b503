{% macro start_of_day(column) -%}
    {{ return(adapter.dispatch('start_of_day')(column)) }}
{%- endmacro %}

{% macro default__start_of_day(column) -%}
    cast({{ column }} as timestamp) at time zone '{{ var("time_zone") }}'
{%- endmacro %}
