with order_lines as (
    select * from {{ ref('int_order_lines') }}
),

timed as (
    select
        order_lines.*,
        {{ local_hour('transacted_at') }} as transaction_hour
    from order_lines
),

summed as (
    select
        customer_id,
        order_id,
        transaction_hour,
        transaction_date,
        min(customer_email) as customer_email,
        count(*) as transaction_count,
        sum(case when amount >= 0 then 1 else 0 end) as sale_count,
        sum(case when amount > 0 then amount else 0 end) as gross_revenue,
        sum(case when amount < 0 then -amount else 0 end) as refunds,
        sum(case when cost is not null then amount end) as costed_revenue,
        sum(amount - cost) as gross_margin,
        sum(amount) as net_revenue
    from timed
    group by customer_id, order_id, transaction_hour, transaction_date
)

select * from summed
