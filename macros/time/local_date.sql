{#- Calendar day of a moment in the time zone of var `time_zone`. -#}
{% macro local_date(column) -%}
    cast({{ local_timestamp(column) }} as date)
{%- endmacro %}
