with order_products as (
    select * from {{ ref('int_order_products') }}
),

-- The unknown product is left out, as two lines without a product may be of different products.
baskets as (
    select
        customer_id,
        order_id,
        product_id
    from order_products
    where is_kept and product_id <> '(unknown)'
),

-- A product in fewer orders than a pair needs cannot be in a pair. Integers are joined and counted in half the time of
-- text, and there are about a hundred pairs for each order.
products as (
    select
        product_id,
        count(*) as order_count,
        cast(row_number() over (order by product_id) as integer) as product_number
    from baskets
    group by product_id
    having count(*) >= {{ var('min_pair_orders') }}
),

orders as (
    select
        customer_id,
        order_id,
        cast(row_number() over (order by customer_id, order_id) as integer) as order_number
    from baskets
    group by customer_id, order_id
    having count(*) between 2 and {{ var('max_pair_products') }}
),

numbered as (
    select
        orders.order_number,
        products.product_number
    from baskets
    inner join products on baskets.product_id = products.product_id
    inner join orders
        on
            baskets.customer_id = orders.customer_id
            and baskets.order_id = orders.order_id
),

-- Sorted, as most pairs come once or twice: PostgreSQL then counts one pair after the other. Counters for millions of
-- pairs at a time would not fit into its memory.
paired as (
    select
        firsts.product_number,
        others.product_number as other_product_number
    from numbered as firsts
    inner join numbered as others
        on
            firsts.order_number = others.order_number
            and firsts.product_number < others.product_number
    order by firsts.product_number, others.product_number
),

counted as (
    select
        product_number,
        other_product_number,
        count(*) as pair_orders
    from paired
    group by product_number, other_product_number
    having count(*) >= {{ var('min_pair_orders') }}
),

named as (
    select
        products.product_id,
        other_products.product_id as other_product_id,
        counted.pair_orders,
        products.order_count as product_orders,
        other_products.order_count as other_product_orders
    from counted
    inner join products on counted.product_number = products.product_number
    inner join products as other_products on counted.other_product_number = other_products.product_number
)

select * from named
