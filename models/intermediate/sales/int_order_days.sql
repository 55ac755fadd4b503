with order_hours as (
    select * from {{ ref('int_order_hours') }}
),

orders as (
    select * from {{ ref('int_orders') }}
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
        sum(costed_revenue) as costed_revenue,
        sum(gross_margin) as gross_margin,
        sum(net_revenue) as net_revenue
    from order_hours
    group by customer_id, order_id, transaction_date
),

-- An order counts on its own day only, whatever days its lines are of.
typed as (
    select
        summed.*,
        orders.order_type
    from summed
    left join orders
        on
            summed.customer_id = orders.customer_id
            and summed.order_id = orders.order_id
            and summed.transaction_date = orders.order_date
)

select * from typed
