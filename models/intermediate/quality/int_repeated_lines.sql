with order_lines as (
    select * from {{ ref('int_order_lines') }}
),

order_products as (
    select * from {{ ref('int_order_products') }}
),

-- There are few of them, which saves sorting all lines.
repeating as (
    select
        customer_id,
        order_id,
        product_id
    from order_products
    where line_count > 1
),

-- A line without an order is an order of its own, but may still repeat another line.
suspected as (
    select
        order_lines.transaction_id,
        nullif(order_lines.order_id, 'line_' || order_lines.transaction_id) as order_id,
        order_lines.customer_id,
        order_lines.product_id,
        order_lines.quantity,
        order_lines.amount,
        order_lines.transacted_at
    from order_lines
    left join repeating
        on
            order_lines.customer_id = repeating.customer_id
            and order_lines.order_id = repeating.order_id
            and order_lines.product_id = repeating.product_id
    where
        order_lines.order_id = 'line_' || order_lines.transaction_id
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
