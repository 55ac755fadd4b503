with pairs as (
    select * from {{ ref('int_product_pairs') }}
),

orders as (
    select * from {{ ref('int_orders') }}
),

totals as (
    select count(*) as total_orders
    from orders
    where is_purchase
),

both_directions as (
    select
        product_id,
        other_product_id,
        pair_orders,
        product_orders,
        other_product_orders
    from pairs
    union all
    select
        other_product_id as product_id,
        product_id as other_product_id,
        pair_orders,
        other_product_orders as product_orders,
        product_orders as other_product_orders
    from pairs
),

-- No integers from here: products of counts may be large, and quotients of integers lose their fraction.
counted as (
    select
        both_directions.*,
        totals.total_orders,
        cast(both_directions.pair_orders as {{ dbt.type_numeric() }}) as together,
        cast(both_directions.product_orders as {{ dbt.type_numeric() }}) * both_directions.other_product_orders
            as by_chance
    from both_directions
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
