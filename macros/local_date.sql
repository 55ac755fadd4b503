{% macro local_date(column) -%}
    {{ return(adapter.dispatch('local_date')(column)) }}
{%- endmacro %}

{% macro default__local_date(column) -%}
    cast({{ column }} at time zone '{{ var("time_zone") }}' as date)
{%- endmacro %}
