with order_days as (
    select * from {{ ref('int_order_days') }}
),

-- Money counts in the month of its line, a purchase in the month of its order.
summed as (
    select
        customer_id,
        cast({{ dbt.date_trunc('month', 'transaction_date') }} as date) as calendar_month,
        sum(net_revenue) as net_revenue,
        sum(costed_revenue) as costed_revenue,
        sum(gross_margin) as gross_margin,
        max(case when order_type = 'purchase' then 1 else 0 end) = 1 as is_purchase_month
    from order_days
    where customer_id <> '(unknown)'
    group by customer_id, cast({{ dbt.date_trunc('month', 'transaction_date') }} as date)
)

select * from summed
