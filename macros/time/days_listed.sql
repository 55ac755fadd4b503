{#-
    A select of the days from the first to the last one, both included, for each row of a relation with two such
    columns; none if either is NULL. dbt.date_spine queries the database while it compiles, which fails before the first
    build. It lists up to 131,072 days (358 years).
-#}
{% macro days_listed(relation, first_day, last_day, name) -%}
    select
        cast(
            {{ dbt.dateadd('day', 'cast(numbers.generated_number as integer) - 1', first_day) }} as date
        ) as {{ name }}
    from {{ relation }}
    inner join ({{ dbt.generate_series(131072) }}) as numbers
        on numbers.generated_number <= {{ dbt.datediff(first_day, last_day, 'day') }} + 1
{%- endmacro %}
