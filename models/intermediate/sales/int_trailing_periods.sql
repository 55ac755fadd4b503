with calendar_days as (
    select * from {{ ref('int_calendar_days') }}
),

order_days as (
    select * from {{ ref('int_order_days') }}
),

orders as (
    select * from {{ ref('int_orders') }}
),

summaries as (
    select * from {{ ref('int_purchase_summaries') }}
),

lengths as (
    select 7 as period_days
    union all
    select 28 as period_days
),

limits as (
    select
        min(calendar_date) as first_date,
        max(calendar_date) as last_date
    from calendar_days
),

numbered as (
    select
        lengths.period_days,
        calendar_days.calendar_date,
        cast(floor(
            {{ dbt.datediff('calendar_days.calendar_date', 'limits.last_date', 'day') }} / lengths.period_days
        ) as integer) as periods_ago
    from calendar_days
    cross join limits
    cross join lengths
),

-- A period that begins before the data is left out.
period_days as (
    select
        numbered.*,
        min(numbered.calendar_date) over (partition by numbered.period_days, numbered.periods_ago) as period_from,
        max(numbered.calendar_date) over (partition by numbered.period_days, numbered.periods_ago) as period_to
    from numbered
    cross join limits
    where
        {{ dbt.datediff('limits.first_date', 'limits.last_date', 'day') }} + 1
        >= (numbered.periods_ago + 1) * numbered.period_days
),

daily as (
    select
        transaction_date,
        sum(net_revenue) as net_revenue
    from order_days
    group by transaction_date
),

revenue as (
    select
        period_days.period_days,
        period_days.periods_ago,
        min(period_days.period_from) as period_from,
        min(period_days.period_to) as period_to,
        coalesce(sum(daily.net_revenue), 0) as net_revenue
    from period_days
    left join daily on period_days.calendar_date = daily.transaction_date
    group by period_days.period_days, period_days.periods_ago
),

purchases as (
    select
        period_days.period_days,
        period_days.periods_ago,
        count(*) as order_count,
        count(distinct summaries.customer_id) as buyers,
        count(summaries.customer_id) as known_orders,
        count(case when orders.order_date > summaries.first_purchase_date then 1 end) as repeat_orders
    from orders
    inner join period_days on orders.order_date = period_days.calendar_date
    left join summaries on orders.customer_id = summaries.customer_id
    where orders.is_purchase
    group by period_days.period_days, period_days.periods_ago
),

summed as (
    select
        revenue.*,
        coalesce(purchases.order_count, 0) as order_count,
        coalesce(purchases.buyers, 0) as buyers,
        coalesce(purchases.known_orders, 0) as known_orders,
        coalesce(purchases.repeat_orders, 0) as repeat_orders
    from revenue
    left join purchases
        on
            revenue.period_days = purchases.period_days
            and revenue.periods_ago = purchases.periods_ago
)

select * from summed
