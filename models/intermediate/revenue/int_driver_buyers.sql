with order_lines as (
    select * from {{ ref('int_order_lines') }}
),

orders as (
    select * from {{ ref('int_orders') }}
),

days as (
    select * from {{ ref('int_driver_days') }}
),

-- Sold by measure, such as fuel by the millilitre. Their units would outnumber the pieces of everything else.
measured_products as (
    select product_id
    from {{ ref('int_products') }}
    where quantity > {{ var('measured_product_units') }} * transaction_count
),

order_days as (
    select
        order_lines.customer_id,
        order_lines.order_id,
        order_lines.transaction_date,
        sum(case when order_lines.amount > 0 then order_lines.amount else 0 end) as gross_revenue,
        sum(case when order_lines.amount < 0 then -order_lines.amount else 0 end) as refunds,
        sum(
            case
                when order_lines.amount <= 0 then 0
                when measured_products.product_id is null and order_lines.quantity > 0 then order_lines.quantity
                else 1
            end
        ) as items
    from order_lines
    left join measured_products on order_lines.product_id = measured_products.product_id
    group by order_lines.customer_id, order_lines.order_id, order_lines.transaction_date
),

-- A purchase counts in the period of its order, with the lines that are in this period, too.
placed as (
    select
        days.period_from,
        days.period_to,
        order_days.customer_id,
        order_days.gross_revenue,
        order_days.refunds,
        order_days.items,
        orders.is_purchase and orders.order_date = order_days.transaction_date as is_order_day,
        orders.is_purchase and orders.order_date between days.period_from and days.period_to as is_purchase
    from order_days
    inner join days on order_days.transaction_date = days.calendar_date
    left join orders
        on order_days.customer_id = orders.customer_id and order_days.order_id = orders.order_id
),

summed as (
    select
        period_from,
        period_to,
        customer_id,
        sum(case when is_order_day then 1 else 0 end) as order_count,
        sum(case when is_purchase then items else 0 end) as items,
        sum(case when is_purchase then gross_revenue else 0 end) as purchases,
        sum(case when is_purchase then 0 else gross_revenue end) as other_sales,
        sum(refunds) as refunds
    from placed
    group by period_from, period_to, customer_id
)

select * from summed
