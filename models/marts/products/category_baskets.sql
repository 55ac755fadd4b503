with order_categories as (
    select * from {{ ref('int_order_categories') }}
),

order_products as (
    select * from {{ ref('int_order_products') }}
),

product_counts as (
    select
        customer_id,
        order_id,
        count(*) as product_count
    from order_products
    where is_kept
    group by customer_id, order_id
),

summed as (
    select
        order_categories.category,
        count(*) as order_count,
        sum(case when order_categories.category_count = 1 then 1 else 0 end) as single_category_orders,
        sum(order_categories.category_count) as category_count,
        sum(product_counts.product_count) as product_count
    from order_categories
    inner join product_counts
        on
            order_categories.customer_id = product_counts.customer_id
            and order_categories.order_id = product_counts.order_id
    group by order_categories.category
),

averaged as (
    select
        category,
        order_count,
        {{ rounded_quotient('category_count * 1.0', 'order_count', 18, 2) }} as average_categories,
        {{ rounded_quotient('product_count * 1.0', 'order_count', 18, 2) }} as average_products,
        single_category_orders,
        {{ rounded_quotient('single_category_orders * 1.0', 'order_count', 9, 6) }} as single_category_share
    from summed
)

select * from averaged
