{#- Floating point with 53 bits. Not dbt.type_float: in DuckDB and Spark its FLOAT has half as many. -#}
{% macro type_double() -%}
    {{ return(adapter.dispatch('type_double')()) }}
{%- endmacro %}

{% macro default__type_double() -%}
    double precision
{%- endmacro %}
