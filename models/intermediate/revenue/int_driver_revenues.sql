with days as (
    select * from {{ ref('int_driver_days') }}
),

calendar_days as (
    select * from {{ ref('int_calendar_days') }}
),

order_days as (
    select * from {{ ref('int_order_days') }}
),

revenue_changes as (
    select * from {{ ref('int_revenue_changes') }}
),

compared as (
    select distinct
        period_from,
        period_to
    from days
),

summed as (
    select
        transaction_date,
        sum(net_revenue) as net_revenue
    from order_days
    group by transaction_date
),

-- Steps of the rounded running total, as the days and months of `daily_sales` and `monthly_sales`.
totalled as (
    select
        calendar_days.calendar_date,
        coalesce(summed.net_revenue, 0) as net_revenue,
        sum(coalesce(summed.net_revenue, 0)) over (order by calendar_days.calendar_date rows unbounded preceding)
            as revenue_so_far
    from calendar_days
    left join summed on calendar_days.calendar_date = summed.transaction_date
),

loads as (
    select
        load_id,
        max(case when transaction_count_change > 0 then sales_date end) as last_date
    from revenue_changes
    group by load_id
),

-- The first load with a later day: until then the period was not over, after it every change is a restatement.
closing_loads as (
    select
        compared.period_from,
        compared.period_to,
        min(loads.load_id) as load_id
    from compared
    inner join loads on compared.period_to < loads.last_date
    group by compared.period_from, compared.period_to
),

restated as (
    select
        closing_loads.period_from,
        closing_loads.period_to,
        sum(revenue_changes.net_change) as restated_revenue
    from closing_loads
    inner join revenue_changes
        on
            revenue_changes.sales_date between closing_loads.period_from and closing_loads.period_to
            and closing_loads.load_id < revenue_changes.load_id
    group by closing_loads.period_from, closing_loads.period_to
),

joined as (
    select
        compared.period_from,
        compared.period_to,
        first_days.revenue_so_far - first_days.net_revenue as revenue_before,
        cast(
            round(last_days.revenue_so_far, 2) - round(first_days.revenue_so_far - first_days.net_revenue, 2)
            as numeric(18, 2)
        ) as revenue,
        cast(coalesce(restated.restated_revenue, 0) as numeric(18, 2)) as restated_revenue
    from compared
    inner join totalled as first_days on compared.period_from = first_days.calendar_date
    inner join totalled as last_days on compared.period_to = last_days.calendar_date
    left join restated
        on compared.period_from = restated.period_from and compared.period_to = restated.period_to
)

select * from joined
