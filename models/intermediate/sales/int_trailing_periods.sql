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

-- The calendar has every day, so the number of later days is that of days up to its end.
counted as (
    select
        calendar_date,
        row_number() over (order by calendar_date desc) - 1 as later_days,
        count(*) over () as all_days
    from calendar_days
),

-- A period that begins before the data is left out.
period_days as (
    {% for length in [7, 28] %}
        select
            {{ length }} as period_days,
            calendar_date,
            cast(floor(later_days / {{ length }}) as integer) as periods_ago
        from counted
        where all_days >= (floor(later_days / {{ length }}) + 1) * {{ length }}
        {{ 'union all' if not loop.last }}
    {% endfor %}
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
        min(period_days.calendar_date) as period_from,
        max(period_days.calendar_date) as period_to,
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
