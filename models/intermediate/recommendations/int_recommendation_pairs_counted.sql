with baskets as (
    select * from {{ ref('int_order_baskets_versioned') }}
),

cutoffs as (
    select * from {{ ref('int_recommendation_cutoffs_listed') }}
),

products as (
    select * from {{ ref('int_recommendation_products_measured') }}
),

-- Only what may be recommended as new is counted beside other products, so the pairs stay few.
candidates as (
    select distinct product_number
    from products
    where recent_rank <= {{ var('recommendation_new_products') }}
),

frequent_products as (
    select distinct product_number
    from products
    where order_count >= {{ var('recommendation_min_product_orders') }}
),

backtests as (
    select max(cutoff_date) as cutoff_date
    from cutoffs
    where purpose = 'backtest'
),

-- Kept as they are, or the planner takes every pair of every order before it looks for candidates.
candidate_baskets as materialized (
    select
        candidates.product_number,
        baskets.product_numbers,
        case when baskets.order_date <= backtests.cutoff_date then 1 else 0 end as is_in_backtest
    from baskets
    cross join unnest(baskets.product_numbers) as items (product_number)
    inner join candidates on items.product_number = candidates.product_number
    cross join backtests
    where
        baskets.valid_to_build is null
        and baskets.product_count between 2 and {{ var('max_pair_products') }}
),

-- Both purposes in one pass over the orders, which is most of the time.
counted as (
    select
        others.product_number,
        candidate_baskets.product_number as neighbour_number,
        cast(count(*) as integer) as pair_orders,
        cast(sum(candidate_baskets.is_in_backtest) as integer) as backtest_pair_orders
    from candidate_baskets
    cross join unnest(candidate_baskets.product_numbers) as others (product_number)
    inner join frequent_products on others.product_number = frequent_products.product_number
    where others.product_number <> candidate_baskets.product_number
    group by others.product_number, candidate_baskets.product_number
    having count(*) >= {{ var('recommendation_min_pair_orders') }}
)

select * from counted
