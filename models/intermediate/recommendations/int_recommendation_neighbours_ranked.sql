with pairs as (
    select * from {{ ref('int_recommendation_pairs_counted') }}
),

products as (
    select * from {{ ref('int_recommendation_products_measured') }}
),

frequent_products as (
    select *
    from products
    where order_count >= {{ var('recommendation_min_product_orders') }}
),

candidates as (
    select *
    from frequent_products
    where recent_rank <= {{ var('recommendation_new_products') }}
),

paired as (
    select
        candidates.purpose,
        pairs.product_number,
        pairs.neighbour_number,
        candidates.product_id as neighbour_id,
        case candidates.purpose
            when 'shipped' then pairs.pair_orders
            when 'backtest' then pairs.backtest_pair_orders
        end as pair_orders,
        frequent_products.order_count * candidates.order_count as order_count_product
    from pairs
    inner join candidates on pairs.neighbour_number = candidates.product_number
    inner join frequent_products
        on
            pairs.product_number = frequent_products.product_number
            and candidates.purpose = frequent_products.purpose
),

measured as (
    select
        purpose,
        product_number,
        neighbour_number,
        neighbour_id,
        pair_orders,
        pair_orders / sqrt(cast(order_count_product as {{ type_double() }})) as cosine
    from paired
    where pair_orders >= {{ var('recommendation_min_pair_orders') }}
),

ranked as (
    select
        purpose,
        product_number,
        neighbour_number,
        pair_orders,
        -- A whole number, so that sums are exact: the cosine in units of 2^-20.
        cast(floor(0.5 + 1048576 * cosine) as integer) as cosine_weight,
        row_number() over (partition by purpose, product_number order by cosine desc, neighbour_id asc)
            as neighbour_rank
    from measured
),

nearest as (
    select
        purpose,
        product_number,
        neighbour_number,
        pair_orders,
        cosine_weight
    from ranked
    where neighbour_rank <= {{ var('recommendation_neighbours') }}
)

select * from nearest
