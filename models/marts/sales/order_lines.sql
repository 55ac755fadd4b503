{{ config(materialized='view') }}

-- A view: the lines are kept once. The table below it stays when it is built incrementally, and the view with it.
with versions as (
    select * from {{ ref('int_transactions_versioned') }}
),

current_lines as (
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
        transaction_date,
        transacted_at
    from versions
    where valid_to_build is null and is_accepted
)

select * from current_lines
