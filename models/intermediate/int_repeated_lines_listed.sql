with transactions as (
    select * from {{ ref('int_transactions_accepted') }}
),

customer_products as (
    select * from {{ ref('int_customer_products_summed') }}
),

-- Few of all, which saves sorting all lines.
repeating as (
    select
        customer_id,
        product_id
    from customer_products
    where is_on_several_lines
),

-- A line without an order is an order of its own, but may repeat another one.
suspected as (
    select
        transactions.transaction_id,
        nullif(transactions.order_id, 'line_' || transactions.transaction_id) as order_id,
        transactions.customer_id,
        transactions.product_id,
        transactions.quantity,
        transactions.amount,
        transactions.transacted_at
    from transactions
    left join repeating
        on
            transactions.customer_id = repeating.customer_id
            and transactions.product_id = repeating.product_id
    where
        transactions.order_id = 'line_' || transactions.transaction_id
        or repeating.product_id is not null
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
