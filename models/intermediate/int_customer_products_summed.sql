with transactions as (
    select * from {{ ref('int_transactions_enriched') }}
),

orders as (
    select * from {{ ref('int_customer_orders_summed') }}
),

judged as (
    select
        transactions.*,
        -- As for days: a line that is no refund, of an order of which something is left.
        (orders.is_purchase and transactions.amount >= 0) as is_bought
    from transactions
    left join orders
        on
            transactions.customer_id = orders.customer_id
            and transactions.order_id = orders.order_id
),

summed as (
    select
        customer_id,
        product_id,
        count(*) as transaction_count,
        count(distinct order_id) as order_count,
        count(distinct case when is_bought then order_id end) as purchase_count,
        sum(quantity) as quantity,
        sum(case when amount > 0 then amount else 0 end) as gross_revenue,
        sum(case when amount < 0 then -amount else 0 end) as refunds,
        sum(amount) as net_revenue,
        min(case when is_bought then transaction_date end) as first_purchase_date,
        max(case when is_bought then transaction_date end) as last_purchase_date
    from judged
    group by customer_id, product_id
)

select * from summed
