with order_lines as (
    select * from {{ ref('int_order_lines') }}
),

orders as (
    select * from {{ ref('int_orders') }}
),

customer_products as (
    select * from {{ ref('int_customer_products') }}
),

-- Orders don't add up over customers: files may use one order number for several.
shared_orders as (
    select order_id
    from orders
    group by order_id
    having count(*) > 1
),

shared_order_products as (
    select
        product_id,
        order_id,
        count(distinct customer_id) - 1 as further_customers
    from order_lines
    where order_id in (select shared_orders.order_id from shared_orders)
    group by product_id, order_id
),

counted_again as (
    select
        product_id,
        sum(further_customers) as order_count
    from shared_order_products
    group by product_id
),

buyers as (
    select
        product_id,
        sum(transaction_count) as transaction_count,
        sum(order_count) as order_count,
        count(*) as unique_customers,
        sum(case when customer_id <> '(unknown)' and purchase_count > 0 then 1 else 0 end) as known_buyers,
        sum(case when customer_id <> '(unknown)' and purchase_count > 1 then 1 else 0 end) as repeat_buyers,
        sum(quantity) as quantity,
        sum(gross_revenue) as gross_revenue,
        sum(net_revenue) as net_revenue,
        min(first_purchase_date) as first_purchase_date,
        max(last_purchase_date) as last_purchase_date,
        min(first_category) as first_category,
        max(last_category) as last_category
    from customer_products
    group by product_id
),

summed as (
    select
        buyers.product_id,
        buyers.transaction_count,
        buyers.unique_customers,
        buyers.known_buyers,
        buyers.repeat_buyers,
        buyers.quantity,
        buyers.gross_revenue,
        buyers.net_revenue,
        buyers.first_purchase_date,
        buyers.last_purchase_date,
        cast(buyers.order_count - coalesce(counted_again.order_count, 0) as bigint) as order_count,
        -- A product that the products file doesn't know has the category that all its lines agree on.
        case
            when buyers.first_category = buyers.last_category then buyers.first_category
            else '(unknown)'
        end as category
    from buyers
    left join counted_again on buyers.product_id = counted_again.product_id
)

select * from summed
