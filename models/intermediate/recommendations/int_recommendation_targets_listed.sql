{{ config(pre_hook="{{ join_by_hash() }}") }}

with order_products as (
    select * from {{ ref('int_order_products_listed') }}
),

cutoffs as (
    select * from {{ ref('int_recommendation_cutoffs_listed') }}
),

purchases as (
    select * from {{ ref('int_recommendation_purchases_summed') }}
),

bought as (
    select distinct
        order_products.customer_id,
        order_products.product_number,
        cutoffs.cutoff_date
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
        case when purchases.first_order_date <= bought.cutoff_date then 'repeat' else 'new' end as list,
        bought.product_number
    from bought
    inner join sampled on bought.customer_id = sampled.customer_id
    inner join purchases
        on
            bought.customer_id = purchases.customer_id
            and bought.product_number = purchases.product_number
)

select * from listed
