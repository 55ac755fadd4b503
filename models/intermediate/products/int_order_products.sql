with order_lines as (
    select * from {{ ref('int_order_lines') }}
),

orders as (
    select * from {{ ref('int_orders') }}
),

-- As for days: a line that is not a refund, of an order that is a purchase.
judged as (
    select
        order_lines.customer_id,
        order_lines.order_id,
        order_lines.product_id,
        orders.order_date,
        orders.is_purchase,
        order_lines.amount,
        case when orders.is_purchase and order_lines.amount >= 0 then order_lines.transaction_date end as purchase_date
    from order_lines
    left join orders
        on
            order_lines.customer_id = orders.customer_id
            and order_lines.order_id = orders.order_id
),

summed as (
    select
        customer_id,
        order_id,
        product_id,
        order_date,
        count(*) as line_count,
        min(purchase_date) as first_purchase_date,
        max(purchase_date) as last_purchase_date,
        -- The rule for orders applies to each of their products: fully refunded is not kept, free is.
        is_purchase and (sum(amount) > 0 or min(amount) >= 0) as is_kept
    from judged
    group by customer_id, order_id, product_id, order_date, is_purchase
)

select * from summed
