{% macro mean(column) -%}
    {{ return(adapter.dispatch('mean')(column)) }}
{%- endmacro %}

{% macro default__mean(column) -%}
    avg({{ column }})
{%- endmacro %}

{#- Spark keeps four digits more of a mean of decimals than these have. -#}
{% macro spark__mean(column) -%}
    avg(cast({{ column }} as double))
{%- endmacro %}
