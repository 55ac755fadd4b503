with transactions as (
    select * from {{ ref('int_transactions_accepted') }}
),

customer_products as (
    select * from {{ ref('int_customer_products_summed') }}
),

-- Where an order has two lines that say the same, the customer has more lines of the product than orders; to ask only
-- these saves sorting all lines. A line without an order is an order of its own, but may repeat another one.
suspected as (
    select
        transaction_id,
        nullif(order_id, 'line_' || transaction_id) as order_id,
        customer_id,
        product_id,
        quantity,
        amount,
        transacted_at
    from transactions
    where
        order_id = 'line_' || transaction_id
        or (customer_id, product_id) in (
            select
                customer_products.customer_id,
                customer_products.product_id
            from customer_products
            where customer_products.transaction_count > customer_products.order_count
        )
),

numbered as (
    select
        transaction_id,
        row_number() over (
            partition by order_id, customer_id, product_id, quantity, amount, transacted_at
            order by transaction_id
        ) as occurrence
    from suspected
),

repeated as (
    select transaction_id from numbered
    where occurrence > 1
)

select * from repeated
