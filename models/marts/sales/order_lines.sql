with transactions as (
    select * from {{ ref('int_transactions_enriched') }}
),

customers as (
    select * from {{ ref('int_customers_identified') }}
),

described as (
    select
        transactions.transaction_id,
        transactions.order_id,
        transactions.customer_id,
        transactions.product_id,
        transactions.category,
        customers.customer_segment,
        customers.age_group,
        customers.location,
        transactions.quantity,
        transactions.amount,
        transactions.transaction_date,
        transactions.transacted_at
    from transactions
    left join customers on transactions.customer_id = customers.customer_id
)

select * from described
