with order_lines as (
    select * from {{ ref('int_order_lines') }}
),

orders as (
    select * from {{ ref('int_orders') }}
),

summed as (
    select
        customer_id,
        order_id,
        product_id,
        count(*) as line_count,
        sum(amount) as net_revenue,
        min(amount) as least_amount
    from order_lines
    group by customer_id, order_id, product_id
),

-- The rule for orders applies to each of their products: fully refunded is not kept, free is.
judged as (
    select
        summed.customer_id,
        summed.order_id,
        summed.product_id,
        orders.order_date,
        summed.line_count,
        orders.is_purchase and (summed.net_revenue > 0 or summed.least_amount >= 0) as is_kept
    from summed
    left join orders
        on
            summed.customer_id = orders.customer_id
            and summed.order_id = orders.order_id
)

select * from judged
