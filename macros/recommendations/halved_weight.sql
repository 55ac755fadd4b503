{#- A whole number, so that sums are the same in whatever order an engine adds. -#}
{% macro halved_weight(day, as_of_date, half_life_days) -%}
    {%- set days = 'cast(' ~ dbt.datediff(day, as_of_date, 'day') ~ ' as ' ~ type_double() ~ ')' -%}
    cast(floor(0.5 + 1000000 * power(0.5, {{ days }} / {{ half_life_days }})) as integer)
{%- endmacro %}
