{#- PostgreSQL's decimal division returns more digits than are kept. -#}
{% macro postgres__rounded_quotient(numerator, denominator, precision, scale) -%}
    cast({{ numerator }} / {{ denominator }} as numeric({{ precision }}, {{ scale }}))
{%- endmacro %}

{#- PostgreSQL's decimals have room for all digits. -#}
{% macro postgres__converted_amount(amount, reporting_units, currency_units) -%}
    cast({{ amount }} * {{ reporting_units }} / {{ currency_units }} as numeric(24, 6))
{%- endmacro %}

{#- There is no try_cast. -#}
{% macro postgres__json_date(column, key) -%}
    case
        when pg_input_is_valid(left({{ json_text(column, key) }}, 10), 'date')
            then cast(left({{ json_text(column, key) }}, 10) as date)
    end
{%- endmacro %}
