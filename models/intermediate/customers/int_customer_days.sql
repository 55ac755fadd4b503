with order_days as (
    select * from {{ ref('int_order_days') }}
),

orders as (
    select * from {{ ref('int_orders') }}
),

judged as (
    select
        order_days.customer_id,
        order_days.transaction_date,
        order_days.transaction_count,
        order_days.net_revenue,
        -- A day with only a refund is not a purchase day, although the order remains a purchase.
        case when orders.is_purchase and order_days.sale_count > 0 then 1 else 0 end as is_purchase
    from order_days
    left join orders
        on
            order_days.customer_id = orders.customer_id
            and order_days.order_id = orders.order_id
),

summed as (
    select
        customer_id,
        transaction_date,
        sum(transaction_count) as transaction_count,
        count(*) as order_count,
        sum(net_revenue) as net_revenue,
        max(is_purchase) = 1 as is_purchase_day
    from judged
    group by customer_id, transaction_date
)

select * from summed
