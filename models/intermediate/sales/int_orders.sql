with order_lines as (
    select * from {{ ref('int_order_lines') }}
),

summed as (
    select
        customer_id,
        order_id,
        min(transaction_date) as first_date,
        min(case when amount >= 0 then transaction_date end) as first_sale_date,
        count(*) as transaction_count,
        sum(case when amount > 0 then amount else 0 end) as gross_revenue,
        sum(case when amount < 0 then -amount else 0 end) as refunds,
        sum(amount) as net_revenue
    from order_lines
    group by customer_id, order_id
),

classified as (
    select
        customer_id,
        order_id,
        coalesce(first_sale_date, first_date) as order_date,
        transaction_count,
        gross_revenue,
        refunds,
        net_revenue,
        -- An order with nothing left after refunds is not a purchase; one that was free from the start is.
        (net_revenue > 0 or refunds = 0) as is_purchase
    from summed
)

select * from classified
