with order_products as (
    select * from {{ ref('int_order_products_listed') }}
),

cutoffs as (
    select * from {{ ref('int_recommendation_cutoffs_listed') }}
),

histories as (
    select *
    from {{ ref('int_recommendation_histories_summed') }}
    where purpose = 'backtest'
),

bought as (
    select distinct
        order_products.customer_id,
        order_products.product_number
    from order_products
    inner join cutoffs
        on
            order_products.order_date > cutoffs.cutoff_date
            and order_products.order_date <= cutoffs.horizon_date
    where order_products.customer_id <> '(unknown)'
),

-- The hash makes a sample that says nothing of the customer and is the same at each build.
sampled as (
    select customer_id
    from (
        select
            customer_id,
            row_number() over (order by {{ dbt.hash('customer_id') }}, customer_id) as sample_number
        from bought
        group by customer_id
    ) as numbered
    where sample_number <= {{ var('recommendation_backtest_customers') }}
),

listed as (
    select
        bought.customer_id,
        case when histories.product_number is null then 'new' else 'repeat' end as list,
        bought.product_number
    from bought
    inner join sampled on bought.customer_id = sampled.customer_id
    left join histories
        on
            bought.customer_id = histories.customer_id
            and bought.product_number = histories.product_number
)

select * from listed
