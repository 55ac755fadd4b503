with periods as (
    select * from {{ ref('int_driver_periods') }}
),

calendar_days as (
    select * from {{ ref('int_calendar_days') }}
),

-- A month is compared several times, as the later one and as the base.
compared as (
    select
        period_from,
        period_to
    from periods
    union distinct
    select
        base_from as period_from,
        base_to as period_to
    from periods
),

listed as (
    select
        compared.period_from,
        compared.period_to,
        calendar_days.calendar_date
    from compared
    inner join calendar_days
        on calendar_days.calendar_date between compared.period_from and compared.period_to
)

select * from listed
