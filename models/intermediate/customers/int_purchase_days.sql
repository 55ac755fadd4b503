with orders as (
    select * from {{ ref('int_orders') }}
),

summed as (
    select
        customer_id,
        order_date as purchase_date,
        count(*) as order_count,
        sum(net_revenue) as net_revenue
    from orders
    where is_purchase and customer_id <> '(unknown)'
    group by customer_id, order_date
)

select * from summed
