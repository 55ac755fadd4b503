with order_lines as (
    select * from {{ ref('int_order_lines') }}
),

order_products as (
    select * from {{ ref('int_order_products') }}
),

line_sums as (
    select
        product_id,
        count(*) as transaction_count,
        sum(quantity) as quantity,
        sum(case when amount > 0 then amount else 0 end) as gross_revenue,
        sum(case when cost is not null then amount end) as costed_revenue,
        sum(amount - cost) as gross_margin,
        sum(amount) as net_revenue,
        min(category) as first_category,
        max(category) as last_category
    from order_lines
    group by product_id
),

customer_products as (
    select
        customer_id,
        product_id,
        count(*) as purchase_count,
        min(order_date) as first_purchase_date,
        max(order_date) as last_purchase_date
    from order_products
    where is_kept
    group by customer_id, product_id
),

buyers as (
    select
        product_id,
        cast(sum(purchase_count) as bigint) as order_count,
        sum(case when customer_id <> '(unknown)' then 1 else 0 end) as unique_customers,
        sum(case when customer_id <> '(unknown)' and purchase_count > 1 then 1 else 0 end) as repeat_buyers,
        min(first_purchase_date) as first_purchase_date,
        max(last_purchase_date) as last_purchase_date
    from customer_products
    group by product_id
),

summed as (
    select
        line_sums.product_id,
        line_sums.transaction_count,
        coalesce(buyers.order_count, 0) as order_count,
        coalesce(buyers.unique_customers, 0) as unique_customers,
        coalesce(buyers.repeat_buyers, 0) as repeat_buyers,
        line_sums.quantity,
        line_sums.gross_revenue,
        line_sums.costed_revenue,
        line_sums.gross_margin,
        line_sums.net_revenue,
        buyers.first_purchase_date,
        buyers.last_purchase_date,
        -- A product that the products file doesn't know has the category that all its lines agree on.
        case
            when line_sums.first_category = line_sums.last_category then line_sums.first_category
            else '(unknown)'
        end as category
    from line_sums
    left join buyers on line_sums.product_id = buyers.product_id
)

select * from summed
