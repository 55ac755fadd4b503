{#- A select of the moments that `quarter_hours_around` makes, for each row of a relation with two columns of days. -#}
{% macro quarter_hours_listed(relation, first_day, last_day, name) -%}
    {{ return(adapter.dispatch('quarter_hours_listed')(relation, first_day, last_day, name)) }}
{%- endmacro %}

{% macro default__quarter_hours_listed(relation, first_day, last_day, name) -%}
    select {{ quarter_hours_around(first_day, last_day) }} as {{ name }}
    from {{ relation }}
{%- endmacro %}

{#- A function that returns rows stands after `from` only. -#}
{% macro snowflake__quarter_hours_listed(relation, first_day, last_day, name) -%}
    {%- set first = 'dateadd(day, -1, ' ~ first_day ~ ')' -%}
    select dateadd(minute, 15 * cast(numbers.value as integer), {{ start_of_day(first, 'UTC') }}) as {{ name }}
    from {{ relation }}
    cross join lateral flatten(
        input => array_generate_range(0, 96 * (datediff(day, {{ first }}, {{ last_day }}) + 2) + 1)
    ) as numbers
{%- endmacro %}

{% macro bigquery__quarter_hours_listed(relation, first_day, last_day, name) -%}
    select {{ name }}
    from {{ relation }}
    cross join unnest(
        generate_timestamp_array(
            timestamp(date_sub({{ first_day }}, interval 1 day), 'UTC'),
            timestamp(date_add({{ last_day }}, interval 2 day), 'UTC'),
            interval 15 minute
        )
    ) as {{ name }}
{%- endmacro %}

{#- Its generate_series runs on the leader node alone, where no table is. -#}
{% macro redshift__quarter_hours_listed(relation, first_day, last_day, name) -%}
    select dateadd(minute, 15 * (cast(numbers.generated_number as integer) - 1), days.day_began_at) as {{ name }}
    from (
        select {{ start_of_day('listed.day', 'UTC') }} as day_began_at
        from (
            {{
                redshift__days_listed(
                    relation, 'dateadd(day, -1, ' ~ first_day ~ ')', 'dateadd(day, 1, ' ~ last_day ~ ')', 'day'
                )
            }}
        ) as listed
    ) as days
    cross join ({{ dbt.generate_series(96) }}) as numbers
{%- endmacro %}
