{#- Adding -1 year would make the 29th of February the 28th, which belongs to another day. -#}
{% macro same_day_last_year(column) -%}
    case
        when extract(month from {{ column }}) <> 2 or extract(day from {{ column }}) <> 29
            then cast({{ dbt.dateadd('year', -1, column) }} as date)
    end
{%- endmacro %}
