{#- Moment at which a calendar day begins in a time zone. -#}
{% macro start_of_day(column, time_zone=none) -%}
    {{ return(adapter.dispatch('start_of_day')(column, time_zone or var('time_zone'))) }}
{%- endmacro %}

{% macro default__start_of_day(column, time_zone) -%}
    cast({{ column }} as timestamp) at time zone '{{ time_zone }}'
{%- endmacro %}
