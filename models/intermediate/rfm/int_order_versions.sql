with order_days as (
    select * from {{ ref('int_order_days') }}
),

-- What was known of an order on each day it changed: a future refund must not show on the day of the sale.
accumulated as (
    select
        customer_id,
        transaction_date as known_from,
        lead(transaction_date) over (partition by customer_id, order_id order by transaction_date) as known_until,
        sum(net_revenue) over (
            partition by customer_id, order_id order by transaction_date
            rows between unbounded preceding and current row
        ) as net_revenue,
        sum(refunds) over (
            partition by customer_id, order_id order by transaction_date
            rows between unbounded preceding and current row
        ) as refunds,
        min(case when sale_count > 0 then transaction_date end) over (
            partition by customer_id, order_id order by transaction_date
            rows between unbounded preceding and current row
        ) as order_date
    from order_days
    where customer_id <> '(unknown)'
),

judged as (
    select
        customer_id,
        known_from,
        known_until,
        net_revenue,
        case when net_revenue > 0 or refunds = 0 then order_date end as purchase_date
    from accumulated
)

select * from judged
