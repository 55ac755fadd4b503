{% macro quotient(numerator, denominator) -%}
    {{ return(adapter.dispatch('quotient')(numerator, denominator)) }}
{%- endmacro %}

{% macro default__quotient(numerator, denominator) -%}
    {{ numerator }} / {{ denominator }}
{%- endmacro %}

{#- Spark keeps as few as six digits of a quotient of decimals. -#}
{% macro spark__quotient(numerator, denominator) -%}
    cast({{ numerator }} as double) / {{ denominator }}
{%- endmacro %}
