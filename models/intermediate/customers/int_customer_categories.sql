with order_lines as (
    select * from {{ ref('int_order_lines') }}
),

summed as (
    select
        customer_id,
        category,
        count(*) as transaction_count,
        sum(case when amount >= 0 then 1 else 0 end) as sale_count,
        min(case when amount >= 0 then transaction_date end) as first_sale_date,
        sum(case when cost is not null then amount end) as costed_revenue,
        sum(amount - cost) as gross_margin,
        sum(amount) as net_revenue
    from order_lines
    group by customer_id, category
)

select * from summed
