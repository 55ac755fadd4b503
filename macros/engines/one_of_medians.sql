{#- A median in a select with medians of other columns. -#}
{% macro one_of_medians(column) -%}
    {{ return(adapter.dispatch('one_of_medians')(column)) }}
{%- endmacro %}

{% macro default__one_of_medians(column) -%}
    {{ median(column) }}
{%- endmacro %}

{#- Redshift sorts by one column at most in a select, and makes no other median: there is none rather than another. -#}
{% macro redshift__one_of_medians(column) -%}
    cast(null as {{ type_double() }})
{%- endmacro %}
