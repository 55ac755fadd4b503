-- The key is an index that PostgreSQL makes when the table is full: a primary key of the contract would be kept row by
-- row, which takes four times as long with some million lines. The other index is for pages about one customer. DuckDB
-- can't replace a table that has an index.
{{
    config(
        indexes=[
            {'columns': ['transaction_id'], 'unique': true},
            {'columns': ['customer_id']},
        ] if target.type == 'postgres' else []
    )
}}

with order_lines as (
    select * from {{ ref('int_order_lines') }}
),

orders as (
    select * from {{ ref('int_orders') }}
    where is_purchase
),

published as (
    select
        order_lines.transaction_id,
        order_lines.order_id,
        order_lines.customer_id,
        order_lines.product_id,
        order_lines.category,
        order_lines.customer_segment,
        order_lines.age_group,
        order_lines.location,
        order_lines.quantity,
        order_lines.amount,
        order_lines.original_amount,
        cast(order_lines.cost as numeric(18, 6)) as cost,
        order_lines.currency,
        order_lines.transaction_date,
        order_lines.transacted_at,
        orders.order_date as purchase_date
    from order_lines
    left join orders
        on
            order_lines.customer_id = orders.customer_id
            and order_lines.order_id = orders.order_id
)

select * from published
