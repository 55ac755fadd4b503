with customer_days as (
    select * from {{ ref('int_customer_days') }}
),

summed as (
    select
        customer_id,
        cast({{ dbt.date_trunc('month', 'transaction_date') }} as date) as calendar_month,
        sum(net_revenue) as net_revenue,
        max(case when is_purchase_day then 1 else 0 end) = 1 as is_purchase_month
    from customer_days
    where customer_id <> '(unknown)'
    group by customer_id, cast({{ dbt.date_trunc('month', 'transaction_date') }} as date)
)

select * from summed
