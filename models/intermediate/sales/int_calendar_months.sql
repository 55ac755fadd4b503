with calendar_days as (
    select * from {{ ref('int_calendar_days') }}
),

months as (
    select
        cast({{ dbt.date_trunc('month', 'calendar_date') }} as date) as calendar_month,
        max(calendar_date) as last_date
    from calendar_days
    group by cast({{ dbt.date_trunc('month', 'calendar_date') }} as date)
),

-- A month has fully elapsed when the day after its last known day is a first.
listed as (
    select
        calendar_month,
        extract(day from {{ dbt.dateadd('day', 1, 'last_date') }}) = 1 as is_complete
    from months
)

select * from listed
