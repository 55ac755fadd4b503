with calendar_days as (
    select * from {{ ref('int_calendar_days') }}
),

calendar_months as (
    select * from {{ ref('int_calendar_months') }}
    where is_complete
),

bounds as (
    select
        min(calendar_date) as first_date,
        max(calendar_date) as as_of_date
    from calendar_days
),

pairs as (
    select
        'month' as period,
        calendar_month as period_from,
        cast({{ dbt.dateadd('month', 1, 'calendar_month') }} as date) as day_after,
        cast({{ dbt.dateadd('month', -1, 'calendar_month') }} as date) as base_from,
        calendar_month as base_day_after
    from calendar_months
    union all
    select
        'month_last_year' as period,
        calendar_month as period_from,
        cast({{ dbt.dateadd('month', 1, 'calendar_month') }} as date) as day_after,
        cast({{ dbt.dateadd('month', -12, 'calendar_month') }} as date) as base_from,
        cast({{ dbt.dateadd('month', -11, 'calendar_month') }} as date) as base_day_after
    from calendar_months
    union all
    select
        '28_days' as period,
        cast({{ dbt.dateadd('day', -27, 'as_of_date') }} as date) as period_from,
        cast({{ dbt.dateadd('day', 1, 'as_of_date') }} as date) as day_after,
        cast({{ dbt.dateadd('day', -55, 'as_of_date') }} as date) as base_from,
        cast({{ dbt.dateadd('day', -27, 'as_of_date') }} as date) as base_day_after
    from bounds
),

-- A base that began before the data would seem too low.
known as (
    select
        pairs.period,
        pairs.period_from,
        cast({{ dbt.dateadd('day', -1, 'pairs.day_after') }} as date) as period_to,
        pairs.base_from,
        cast({{ dbt.dateadd('day', -1, 'pairs.base_day_after') }} as date) as base_to
    from pairs
    cross join bounds
    where pairs.base_from >= bounds.first_date
)

select * from known
