{#- A select of the days from the first to the last one, for each row of a relation with two such columns. -#}
{% macro days_listed(relation, first_day, last_day, name) -%}
    {{ return(adapter.dispatch('days_listed')(relation, first_day, last_day, name)) }}
{%- endmacro %}

{% macro default__days_listed(relation, first_day, last_day, name) -%}
    select {{ days_between(first_day, last_day) }} as {{ name }}
    from {{ relation }}
{%- endmacro %}

{#- A function that returns rows stands after `from` only. -#}
{% macro snowflake__days_listed(relation, first_day, last_day, name) -%}
    select dateadd(day, cast(numbers.value as integer), {{ first_day }}) as {{ name }}
    from {{ relation }}
    cross join lateral flatten(
        input => array_generate_range(0, datediff(day, {{ first_day }}, {{ last_day }}) + 1)
    ) as numbers
{%- endmacro %}

{% macro bigquery__days_listed(relation, first_day, last_day, name) -%}
    select {{ name }}
    from {{ relation }}
    cross join unnest(generate_date_array({{ first_day }}, {{ last_day }})) as {{ name }}
{%- endmacro %}

{#- Its generate_series runs on the leader node alone, where no table is: numbers for 180 years take its place. -#}
{% macro redshift__days_listed(relation, first_day, last_day, name) -%}
    select cast(dateadd(day, cast(numbers.generated_number as integer) - 1, {{ first_day }}) as date) as {{ name }}
    from {{ relation }}
    inner join ({{ dbt.generate_series(65536) }}) as numbers
        on numbers.generated_number <= datediff(day, {{ first_day }}, {{ last_day }}) + 1
{%- endmacro %}
