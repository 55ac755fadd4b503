with calendar_days as (
    select * from {{ ref('int_calendar_days_listed') }}
),

bounds as (
    select
        min(calendar_date) as first_date,
        max(calendar_date) as last_date
    from calendar_days
),

-- The day itself still trains; the horizon begins on the next one.
listed as (
    select
        'shipped' as purpose,
        last_date as cutoff_date,
        cast(null as date) as horizon_date
    from bounds
    where last_date is not null
    union all
    select
        'backtest' as purpose,
        cast({{ dbt.dateadd('day', '-' ~ var('recommendation_horizon_days'), 'last_date') }} as date) as cutoff_date,
        last_date as horizon_date
    from bounds
    where
        first_date
        <= cast({{ dbt.dateadd('day', '-' ~ var('recommendation_horizon_days'), 'last_date') }} as date)
)

select * from listed
