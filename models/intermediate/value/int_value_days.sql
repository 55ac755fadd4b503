with as_of_dates as (
    select * from {{ ref('int_as_of_date') }}
),

days as (
    select
        as_of_date as summary_date,
        90 as horizon_days,
        false as is_backtest
    from as_of_dates
    where as_of_date is not null
    union all
    select
        cast({{ dbt.dateadd('day', -var('value_horizon_days'), 'as_of_date') }} as date) as summary_date,
        {{ var('value_horizon_days') }} as horizon_days,
        true as is_backtest
    from as_of_dates
    where as_of_date is not null
)

select * from days
