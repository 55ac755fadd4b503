{#- Pairs are counted of products in this many orders. -#}
{%- set frequent_orders = [var('recommendation_min_product_orders'), var('min_pair_orders')] | max -%}
with cutoffs as (
    select * from {{ ref('int_recommendation_cutoffs_listed') }}
),

baskets as (
    select * from {{ ref('int_order_baskets_versioned') }}
),

frequent_products as (
    select
        product_number,
        min(recent_rank) <= {{ var('recommendation_new_products') }} as is_candidate
    from {{ ref('int_recommendation_products_measured') }}
    where order_count >= {{ frequent_orders }}
    group by product_number
),

-- Only what may be recommended as new is looked at beside other products, so the pairs stay few.
candidates as (
    select product_number from frequent_products
    where is_candidate
),

-- Read once for each direction, as a CTE that two read would hold all pairs.
both_directions as (
    select
        pairs.other_product_number as product_number,
        pairs.product_number as neighbour_number,
        pairs.pair_orders
    from {{ ref('int_product_pairs_counted') }} as pairs
    inner join candidates on pairs.product_number = candidates.product_number
    union all
    select
        pairs.product_number,
        pairs.other_product_number as neighbour_number,
        pairs.pair_orders
    from {{ ref('int_product_pairs_counted') }} as pairs
    inner join candidates on pairs.other_product_number = candidates.product_number
),

recent_baskets as (
    select
        candidates.product_number as candidate_number,
        items.product_numbers
    from {{ items_listed('baskets', 'product_numbers', 'product_number') }} as items
    inner join cutoffs on items.order_date > cutoffs.cutoff_date and cutoffs.purpose = 'backtest'
    inner join candidates on items.product_number = candidates.product_number
    where
        items.valid_to_build is null
        and items.product_count between 2 and {{ var('max_pair_products') }}
),

counted_since_cutoff as (
    select
        product_number,
        candidate_number as neighbour_number,
        count(*) as pair_orders
    from {{ items_listed('recent_baskets', 'product_numbers', 'product_number') }} as others
    group by product_number, candidate_number
),

-- What the back-test may know is all but what came after its cut-off day: few orders, where all would be many.
counted as (
    select
        both_directions.product_number,
        both_directions.neighbour_number,
        cast(both_directions.pair_orders as integer) as pair_orders,
        cast(both_directions.pair_orders - coalesce(counted_since_cutoff.pair_orders, 0) as integer)
            as backtest_pair_orders
    from both_directions
    inner join frequent_products on both_directions.product_number = frequent_products.product_number
    left join counted_since_cutoff
        on
            both_directions.product_number = counted_since_cutoff.product_number
            and both_directions.neighbour_number = counted_since_cutoff.neighbour_number
    where
        both_directions.product_number <> both_directions.neighbour_number
        and both_directions.pair_orders >= {{ var('recommendation_min_pair_orders') }}
)

select * from counted
