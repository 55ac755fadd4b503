with order_products as (
    select * from {{ ref('int_order_products_listed') }}
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

candidate_orders as (
    select
        order_products.customer_id,
        order_products.order_id,
        order_products.product_number,
        case when order_products.order_date <= backtests.cutoff_date then 1 else 0 end as is_in_backtest
    from order_products
    inner join candidates on order_products.product_number = candidates.product_number
    cross join backtests
    where order_products.customer_id <> '(unknown)'
),

other_orders as (
    select
        order_products.customer_id,
        order_products.order_id,
        order_products.product_number
    from order_products
    inner join frequent_products on order_products.product_number = frequent_products.product_number
),

-- Both purposes in one pass over the orders, which is most of the time.
counted as (
    select
        other_orders.product_number,
        candidate_orders.product_number as neighbour_number,
        cast(count(*) as integer) as pair_orders,
        cast(sum(candidate_orders.is_in_backtest) as integer) as backtest_pair_orders
    from candidate_orders
    inner join other_orders
        on
            candidate_orders.customer_id = other_orders.customer_id
            and candidate_orders.order_id = other_orders.order_id
            and candidate_orders.product_number <> other_orders.product_number
    group by other_orders.product_number, candidate_orders.product_number
    having count(*) >= {{ var('recommendation_min_pair_orders') }}
)

select * from counted
