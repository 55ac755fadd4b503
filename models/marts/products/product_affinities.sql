with pairs as (
    select * from {{ ref('int_product_pairs_counted') }}
),

products as (
    select * from {{ ref('int_product_orders_counted') }}
),

orders as (
    select * from {{ ref('int_customer_orders_summed') }}
),

totals as (
    select count(distinct order_id) as total_orders
    from orders
    where is_purchase
),

kept as (
    select *
    from pairs
    where pair_orders >= {{ var('min_pair_orders') }} and product_number < other_product_number
),

both_directions as (
    select
        product_number,
        other_product_number,
        pair_orders
    from kept
    union all
    select
        other_product_number as product_number,
        product_number as other_product_number,
        pair_orders
    from kept
),

counted as (
    select
        products.product_id,
        other_products.product_id as other_product_id,
        both_directions.pair_orders,
        products.order_count as product_orders,
        other_products.order_count as other_product_orders,
        totals.total_orders,
        -- Not integers from here on: products of counts may be large, and quotients of integers lose their fraction.
        cast(both_directions.pair_orders as {{ dbt.type_numeric() }}) as together,
        cast(products.order_count as {{ dbt.type_numeric() }}) * other_products.order_count as by_chance
    from both_directions
    inner join products on both_directions.product_number = products.product_number
    inner join products as other_products on both_directions.other_product_number = other_products.product_number
    cross join totals
),

measured as (
    select
        product_id,
        other_product_id,
        pair_orders,
        product_orders,
        other_product_orders,
        total_orders,
        {{ rounded_quotient('together', 'total_orders', 12, 9) }} as support,
        {{ rounded_quotient('together', 'product_orders', 12, 9) }} as confidence,
        {{ rounded_quotient('together * total_orders', 'by_chance', 18, 6) }} as lift,
        {{ rounded_quotient('together', 'sqrt(by_chance)', 12, 9) }} as cosine
    from counted
),

ranked as (
    select
        *,
        rank() over (
            partition by product_id
            order by cosine desc, pair_orders desc, other_product_id asc
        ) as affinity_rank
    from measured
)

select * from ranked
