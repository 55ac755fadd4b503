{#- An amount at a rate of `int_daily_rates`, rounded half up to six digits, the same on every engine. -#}
{% macro converted_amount(amount, reporting_units, currency_units) -%}
    {{ return(adapter.dispatch('converted_amount')(amount, reporting_units, currency_units)) }}
{%- endmacro %}

{#- The product of two decimals does not fit the widest type. One part in 10^15: see `rounded_quotient`. -#}
{% macro default__converted_amount(amount, reporting_units, currency_units) -%}
    cast(
        cast({{ amount }} as {{ type_double() }}) * cast({{ reporting_units }} as {{ type_double() }})
        / cast({{ currency_units }} as {{ type_double() }}) * (1 + 1e-15)
        as numeric(24, 6)
    )
{%- endmacro %}
