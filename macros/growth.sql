{#- Nothing can be said of the growth from nothing, or from a period in which more was refunded than sold. -#}
{% macro growth(amount, base) -%}
    cast({{ amount }} / case when {{ base }} > 0 then {{ base }} end - 1 as numeric(18, 6))
{%- endmacro %}
