with calendar_days as (
    select * from {{ ref('int_calendar_days_listed') }}
),

bounds as (
    select
        min(calendar_date) as first_date,
        max(calendar_date) as last_date
    from calendar_days
),

-- Clocks are set by hours, half or quarter hours, and on some days at midnight: looked at so often, they hide no hour.
moments as (
    {{ quarter_hours_listed('bounds', 'first_date', 'last_date', 'moment') }}
),

hours as (
    select distinct
        {{ local_hour('moment') }} as calendar_hour,
        {{ local_date('moment') }} as calendar_date,
        {{ hour_of_day('moment') }} as hour_of_day
    from moments
),

listed as (
    select
        hours.calendar_hour,
        hours.calendar_date,
        hours.hour_of_day,
        cast(
            row_number() over (partition by hours.calendar_date, hours.hour_of_day order by hours.calendar_hour)
            as integer
        ) as occurrence
    from hours
    inner join calendar_days on hours.calendar_date = calendar_days.calendar_date
)

select * from listed
