{#- The day of var as_of_date, NULL if it is not set. -#}
{% macro pinned_as_of_date() -%}
    {%- set as_of_date = var('as_of_date') -%}
    {{ "cast('" ~ as_of_date ~ "' as date)" if as_of_date else 'cast(null as date)' }}
{%- endmacro %}
