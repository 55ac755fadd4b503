with calendar_days as (
    select * from {{ ref('int_calendar_days') }}
),

as_of_dates as (
    select * from {{ ref('int_as_of_date') }}
),

-- The last day of a month is the one before a first.
judged as (
    select
        calendar_days.calendar_date as cutoff_date,
        {{
            dbt.datediff('calendar_days.calendar_date', 'as_of_dates.as_of_date', 'day')
        }} as days_elapsed,
        extract(day from {{ dbt.dateadd('day', 1, 'calendar_days.calendar_date') }}) = 1 as is_month_end,
        calendar_days.calendar_date = cast({{ dbt.dateadd('day', -30, 'as_of_dates.as_of_date') }} as date)
            as is_30_days_before
    from calendar_days
    cross join as_of_dates
    where calendar_days.calendar_date < as_of_dates.as_of_date
),

listed as (
    select * from judged
    where is_month_end or is_30_days_before
)

select * from listed
