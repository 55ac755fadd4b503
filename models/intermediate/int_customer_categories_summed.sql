with transactions as (
    select * from {{ ref('int_transactions_enriched') }}
),

summed as (
    select
        customer_id,
        category,
        count(*) as transaction_count,
        sum(amount) as net_revenue
    from transactions
    group by customer_id, category
)

select * from summed
