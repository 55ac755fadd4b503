{#- A quotient rounded half up to a number of digits, the same on every engine. -#}
{% macro rounded_quotient(numerator, denominator, precision, scale) -%}
    {{ return(adapter.dispatch('rounded_quotient')(numerator, denominator, precision, scale)) }}
{%- endmacro %}

{#-
    In binary, a half such as 1.005 may come out slightly too small and would be rounded down. Adding one part in 10^15
    corrects that error, and lifts nothing else over a half as long as the numerator without its decimal point, times
    10^scale, is below some 10^14.
-#}
{% macro default__rounded_quotient(numerator, denominator, precision, scale) -%}
    cast(
        cast({{ numerator }} as {{ type_double() }}) / {{ denominator }} * (1 + 1e-15)
        as numeric({{ precision }}, {{ scale }})
    )
{%- endmacro %}
