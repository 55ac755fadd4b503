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
        ) as known_net_revenue,
        sum(refunds) over (
            partition by customer_id, order_id order by transaction_date
            rows between unbounded preceding and current row
        ) as known_refunds,
        min(case when sale_count > 0 then transaction_date end) over (
            partition by customer_id, order_id order by transaction_date
            rows between unbounded preceding and current row
        ) as purchase_date
    from order_days
    where customer_id <> '(unknown)'
),

purchases as (
    select
        customer_id,
        known_from,
        known_until,
        purchase_date
    from accumulated
    where
        (known_net_revenue > 0 or known_refunds = 0)
        and purchase_date is not null
)

select * from purchases
