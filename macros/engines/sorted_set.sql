{#- An aggregate: the different numbers of a column in an array, in their order. -#}
{% macro sorted_set(column) -%}
    {{ return(adapter.dispatch('sorted_set')(column)) }}
{%- endmacro %}

{% macro default__sorted_set(column) -%}
    array_agg(distinct {{ column }} order by {{ column }})
{%- endmacro %}

{% macro snowflake__sorted_set(column) -%}
    array_agg(distinct {{ column }}) within group (order by {{ column }})
{%- endmacro %}

{#- No aggregate makes an array there; what reads this one, `items_listed`, needs no order. -#}
{% macro redshift__sorted_set(column) -%}
    split_to_array(listagg(distinct cast({{ column }} as varchar), ','), ',')
{%- endmacro %}

{% macro spark__sorted_set(column) -%}
    array_sort(collect_set({{ column }}))
{%- endmacro %}
