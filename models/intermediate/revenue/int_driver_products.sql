with order_lines as (
    select * from {{ ref('int_order_lines') }}
),

days as (
    select * from {{ ref('int_driver_days') }}
),

-- Each product in its own unit: fuel has a price per millilitre here.
summed as (
    select
        days.period_from,
        days.period_to,
        order_lines.category,
        order_lines.product_id,
        sum(case when order_lines.amount <= 0 then 0 when order_lines.quantity > 0 then order_lines.quantity else 1 end)
            as units,
        sum(case when order_lines.amount > 0 then order_lines.amount else 0 end) as gross_revenue,
        sum(case when order_lines.amount < 0 then -order_lines.amount else 0 end) as refunds
    from order_lines
    inner join days on order_lines.transaction_date = days.calendar_date
    group by days.period_from, days.period_to, order_lines.category, order_lines.product_id
)

select * from summed
