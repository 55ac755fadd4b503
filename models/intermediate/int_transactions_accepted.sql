{{ config(materialized='view') }}

with versions as (
    select * from {{ ref('int_transactions_versioned') }}
),

accepted as (
    select
        transaction_id,
        order_id,
        customer_id,
        product_id,
        category,
        customer_segment,
        age_group,
        location,
        customer_email,
        quantity,
        amount,
        transaction_date,
        transacted_at,
        _load_id
    from versions
    where valid_to_build is null and is_accepted
)

select * from accepted
