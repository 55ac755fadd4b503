with purchase_days as (
    select * from {{ ref('int_purchase_days') }}
),

numbered_days as (
    select
        customer_id,
        purchase_date,
        net_revenue,
        row_number() over (partition by customer_id order by purchase_date) as day_number
    from purchase_days
),

summed as (
    select
        customer_id,
        min(purchase_date) as first_purchase_date,
        max(purchase_date) as last_purchase_date,
        count(*) as purchase_days,
        sum(case when day_number > 1 then net_revenue end) as repeat_day_spend
    from numbered_days
    group by customer_id
)

select * from summed
