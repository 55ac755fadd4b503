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
        transaction_date,
        transacted_at
    from order_lines
)

select * from published
