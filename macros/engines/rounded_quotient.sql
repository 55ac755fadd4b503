{% macro rounded_quotient(numerator, denominator, precision, scale) -%}
    {{ return(adapter.dispatch('rounded_quotient')(numerator, denominator, precision, scale)) }}
{%- endmacro %}

{#- Numbers of PostgreSQL are divided in decimals, to more digits than are kept. -#}
{% macro postgres__rounded_quotient(numerator, denominator, precision, scale) -%}
    cast({{ numerator }} / {{ denominator }} as numeric({{ precision }}, {{ scale }}))
{%- endmacro %}

{#-
    DuckDB divides in binary fractions, where a half such as 1.005 may come out below itself and would be rounded down.
    One part in 10^15 more lifts it over that error, and nothing else over a half as long as the numerator without its
    decimal point, times 10^scale, is below some 10^14.
-#}
{% macro duckdb__rounded_quotient(numerator, denominator, precision, scale) -%}
    cast({{ numerator }} / {{ denominator }} * (1 + 1e-15) as numeric({{ precision }}, {{ scale }}))
{%- endmacro %}

{#- The same of all who divide decimals to fewer digits than PostgreSQL. -#}
{% macro default__rounded_quotient(numerator, denominator, precision, scale) -%}
    cast(
        cast({{ numerator }} as {{ type_double() }}) / {{ denominator }} * (1 + 1e-15)
        as numeric({{ precision }}, {{ scale }})
    )
{%- endmacro %}

{#- Else it would have PostgreSQL's. -#}
{% macro redshift__rounded_quotient(numerator, denominator, precision, scale) -%}
    {{ default__rounded_quotient(numerator, denominator, precision, scale) }}
{%- endmacro %}
