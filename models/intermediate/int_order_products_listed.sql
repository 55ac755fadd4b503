with transactions as (
    select * from {{ ref('int_transactions_enriched') }}
),

orders as (
    select * from {{ ref('int_customer_orders_summed') }}
),

products as (
    select * from {{ ref('int_products_numbered') }}
),

-- The unknown product has no number: two lines without a product need not be the same one.
purchased as (
    select
        orders.customer_id,
        orders.order_id,
        orders.order_date,
        products.product_number,
        transactions.amount
    from transactions
    inner join orders
        on
            transactions.customer_id = orders.customer_id
            and transactions.order_id = orders.order_id
            and orders.is_purchase
    inner join products on transactions.product_id = products.product_id
),

-- What holds for an order holds for a product of it: nothing left after a refund is not a purchase.
kept as (
    select
        customer_id,
        order_id,
        order_date,
        product_number
    from purchased
    group by customer_id, order_id, order_date, product_number
    having sum(amount) > 0 or min(amount) >= 0
)

select * from kept
