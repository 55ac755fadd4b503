-- The key is an index that PostgreSQL makes when the table is full: a primary key of the contract would be kept row by
-- row, which takes four times as long with some million lines. DuckDB can't replace a table that has an index.
{{
    config(
        indexes=[{'columns': ['transaction_id'], 'unique': true}] if target.type == 'postgres' else []
    )
}}

with order_lines as (
    select * from {{ ref('int_order_lines') }}
),

published as (
    select
        transaction_id,
        order_id,
        customer_id,
        product_id,
        category,
        customer_segment,
        age_group,
        location,
        quantity,
        amount,
        original_amount,
        cast(cost as numeric(18, 6)) as cost,
        currency,
        transaction_date,
        transacted_at
    from order_lines
)

select * from published
