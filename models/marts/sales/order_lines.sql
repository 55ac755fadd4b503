{{ config(materialized='view') }}

-- A view: the lines are kept once. The table below it stays when it is built incrementally, and the view with it.
-- Without CTEs: PostgreSQL plans a view that has them by itself, and would sort every line for a page by key.
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
from {{ ref('int_transactions_versioned') }}
where valid_to_build is null and is_accepted
