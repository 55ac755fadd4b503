with order_products as (
    select * from {{ ref('int_order_products_listed') }}
),

products as (
    select * from {{ ref('int_product_orders_counted') }}
),

-- A product in fewer orders than a pair needs can be in no pair that is kept.
frequent as (
    select product_number
    from products
    where order_count >= {{ var('min_pair_orders') }}
),

collected as (
    select
        order_products.order_id,
        array_agg(distinct order_products.product_number order by order_products.product_number) as product_numbers
    from order_products
    inner join frequent on order_products.product_number = frequent.product_number
    group by order_products.order_id
),

paired as (
    select *
    from collected
    where cardinality(product_numbers) between 2 and {{ var('max_pair_products') }}
)

select * from paired
