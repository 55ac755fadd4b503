with order_hours as (
    select * from {{ ref('int_order_hours') }}
),

summed as (
    select
        customer_id,
        order_id,
        transaction_date,
        min(customer_email) as customer_email,
        cast(sum(transaction_count) as bigint) as transaction_count,
        cast(sum(sale_count) as bigint) as sale_count,
        sum(gross_revenue) as gross_revenue,
        sum(refunds) as refunds,
        sum(net_revenue) as net_revenue
    from order_hours
    group by customer_id, order_id, transaction_date
)

select * from summed
