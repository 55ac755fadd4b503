with calendar_days as (
    select * from {{ ref('int_calendar_days') }}
),

-- No time zone is as much as a day away from UTC.
bounds as (
    select
        cast({{ dbt.dateadd('day', -1, 'min(calendar_date)') }} as date) as first_date,
        cast({{ dbt.dateadd('day', 1, 'max(calendar_date)') }} as date) as last_date
    from calendar_days
),

utc_days as (
    {{ days_listed('bounds', 'first_date', 'last_date', 'utc_date') }}
),

quarter_hours as (
    {{ dbt.generate_series(96) }}
),

-- Offsets change by whole, half or quarter hours, on some days at midnight: steps of a quarter hour miss no hour. They
-- are steps of elapsed time, because in local time an hour could not come twice.
moments as (
    select
        {{ dbt.dateadd(
            'minute',
            '15 * (cast(quarter_hours.generated_number as integer) - 1)',
            start_of_day('utc_days.utc_date', 'UTC')
        ) }} as moment
    from utc_days
    cross join quarter_hours
),

hours as (
    select distinct
        {{ local_hour('moment') }} as calendar_hour,
        {{ local_date('moment') }} as calendar_date,
        cast(extract(hour from {{ local_timestamp('moment') }}) as integer) as hour_of_day
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
