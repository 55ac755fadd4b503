{#- A quotient rounded half up to a number of digits, the same on every engine. -#}
{% macro rounded_quotient(numerator, denominator, precision, scale) -%}
    {{ return(adapter.dispatch('rounded_quotient')(numerator, denominator, precision, scale)) }}
{%- endmacro %}

{#-
    Divided in binary fractions, a half such as 1.005 may come out below itself and would be rounded down. One part in
    10^15 more lifts it over that error, and nothing else over a half as long as the numerator without its decimal point,
    times 10^scale, is below some 10^14.
-#}
{% macro default__rounded_quotient(numerator, denominator, precision, scale) -%}
    cast(
        cast({{ numerator }} as {{ type_double() }}) / {{ denominator }} * (1 + 1e-15)
        as numeric({{ precision }}, {{ scale }})
    )
{%- endmacro %}
