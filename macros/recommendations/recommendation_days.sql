{% macro recommendation_days() -%}
    select as_of_date from {{ ref('int_as_of_date') }}
    {%- set after_horizon = dbt.dateadd('day', 1 - var('recommendation_horizon_days'), 'as_of_date') %}
    {% for month in range(var('recommendation_backtest_cuts')) -%}
        {%- set first_of_month = dbt.dateadd('month', -month, dbt.date_trunc('month', after_horizon)) -%}
        union all
        select cast({{ dbt.dateadd('day', -1, first_of_month) }} as date) from {{ ref('int_as_of_date') }}
    {% endfor %}
{%- endmacro %}
