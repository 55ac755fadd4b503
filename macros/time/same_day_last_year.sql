{#- Adding -1 year would turn the 29th of February into the 28th, which is the date of another day. -#}
{% macro same_day_last_year(column) -%}
    case
        when extract(month from {{ column }}) <> 2 or extract(day from {{ column }}) <> 29
            then cast({{ dbt.dateadd('year', -1, column) }} as date)
    end
{%- endmacro %}
