with calendar_days as (
    select * from {{ ref('int_calendar_days') }}
),

as_of_dates as (
    select * from {{ ref('int_as_of_date') }}
),

-- The last day of a month is the one before a first; a cut-off counts once its horizon has fully elapsed.
listed as (
    select
        calendar_days.calendar_date as cutoff_date,
        cast(
            {{ dbt.dateadd('day', var('churn_horizon_days'), 'calendar_days.calendar_date') }} as date
        ) as horizon_date
    from calendar_days
    cross join as_of_dates
    where
        extract(day from {{ dbt.dateadd('day', 1, 'calendar_days.calendar_date') }}) = 1
        and cast(
            {{ dbt.dateadd('day', var('churn_horizon_days'), 'calendar_days.calendar_date') }} as date
        ) <= as_of_dates.as_of_date
)

select * from listed
