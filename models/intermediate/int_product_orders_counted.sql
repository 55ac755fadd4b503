with order_products as (
    select * from {{ ref('int_order_products_listed') }}
),

products as (
    select * from {{ ref('int_products_numbered') }}
),

-- Counted once per order number, as the pairs are.
counted as (
    select
        product_number,
        count(distinct order_id) as order_count
    from order_products
    group by product_number
),

named as (
    select
        counted.product_number,
        products.product_id,
        counted.order_count
    from counted
    inner join products on counted.product_number = products.product_number
)

select * from named
