with order_lines as (
    select * from {{ ref('int_order_lines') }}
),

orders as (
    select * from {{ ref('int_orders') }}
),

-- The unknown product is left out: two lines without a product need not be the same one.
purchased as (
    select
        orders.customer_id,
        orders.order_id,
        orders.order_date,
        order_lines.product_id,
        order_lines.amount
    from order_lines
    inner join orders
        on
            order_lines.customer_id = orders.customer_id
            and order_lines.order_id = orders.order_id
            and orders.is_purchase
    where order_lines.product_id <> '(unknown)'
),

-- What holds for an order holds for a product of it: nothing left after a refund is not a purchase.
kept as (
    select
        customer_id,
        order_id,
        order_date,
        product_id
    from purchased
    group by customer_id, order_id, order_date, product_id
    having sum(amount) > 0 or min(amount) >= 0
)

select * from kept
