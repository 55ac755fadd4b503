with transactions as (
    select * from {{ ref('int_transactions_enriched') }}
),

customer_products as (
    select * from {{ ref('int_customer_products_summed') }}
),

-- Orders don't add up over customers: files may use one order number for several.
lines as (
    select
        product_id,
        count(distinct order_id) as order_count,
        min(category) as first_category,
        max(category) as last_category
    from transactions
    group by product_id
),

buyers as (
    select
        product_id,
        sum(transaction_count) as transaction_count,
        count(*) as unique_customers,
        sum(case when customer_id <> '(unknown)' and purchase_count > 0 then 1 else 0 end) as known_buyers,
        sum(case when customer_id <> '(unknown)' and purchase_count > 1 then 1 else 0 end) as repeat_buyers,
        sum(quantity) as quantity,
        sum(gross_revenue) as gross_revenue,
        sum(net_revenue) as net_revenue,
        min(first_purchase_date) as first_purchase_date,
        max(last_purchase_date) as last_purchase_date
    from customer_products
    group by product_id
),

summed as (
    select
        buyers.*,
        lines.order_count,
        -- A product that the products file doesn't know has the category that all its lines agree on.
        case when lines.first_category = lines.last_category then lines.first_category else '(unknown)' end as category
    from buyers
    left join lines on buyers.product_id = lines.product_id
)

select * from summed
