with calendar_days as (
    select * from {{ ref('int_calendar_days') }}
),

order_days as (
    select * from {{ ref('int_order_days') }}
),

as_of_dates as (
    select * from {{ ref('int_as_of_date') }}
),

sums as (
    select
        transaction_date,
        sum(net_revenue) as net_revenue
    from order_days
    group by transaction_date
),

days as (
    select
        calendar_days.calendar_date,
        {{ dbt.datediff('calendar_days.calendar_date', 'as_of_dates.as_of_date', 'day') }}
            as days_ago,
        cast(coalesce(sums.net_revenue, 0) as numeric(18, 2)) as net_revenue
    from calendar_days
    cross join as_of_dates
    left join sums on calendar_days.calendar_date = sums.transaction_date
),

-- Forecasts are made on the as-of day, on the last 28 days whose targets are all known, to measure the errors, and on
-- those whose targets were known on the first of these. The as-of day is not a target, as it may not be over.
origins as (
    select
        calendar_date as origin_date,
        days_ago
    from days
    where days_ago = 0 or days_ago between 29 and 112
),

-- What is known are the four weeks before the day of the forecast, which itself may not be over either.
learned as (
    select
        origins.origin_date,
        days.calendar_date,
        days.net_revenue,
        days.days_ago - origins.days_ago as days_back
    from origins
    inner join days on days.days_ago - origins.days_ago between 1 and 28
),

-- Of each weekday, numbered by how many days after the day of the forecast it comes next.
weekdays as (
    select
        origin_date,
        mod(28 - days_back, 7) as weekday_number,
        max(calendar_date) as last_learned_date,
        max(case when days_back <= 7 then net_revenue end) as last_week,
        {{ rounded_quotient('sum(net_revenue)', 'count(*)', 18, 2) }} as four_weeks
    from learned
    group by origin_date, mod(28 - days_back, 7)
),

steps as (
    select cast(generated_number as integer) as days_ahead
    from ({{ dbt.generate_series(28) }}) as numbers
),

targets as (
    select
        origins.origin_date,
        origins.days_ago,
        steps.days_ahead,
        cast({{ dbt.dateadd('day', 'steps.days_ahead', 'origins.origin_date') }} as date) as forecast_date,
        weekdays.last_learned_date,
        weekdays.last_week,
        weekdays.four_weeks
    from origins
    cross join steps
    left join weekdays
        on
            origins.origin_date = weekdays.origin_date
            and mod(steps.days_ahead, 7) = weekdays.weekday_number
),

compared as (
    select
        targets.*,
        days.net_revenue as actual_net_revenue
    from targets
    left join days on targets.forecast_date = days.calendar_date
)

select * from compared
