with order_products as (
    select * from {{ ref('int_order_products_listed') }}
),

cutoffs as (
    select * from {{ ref('int_recommendation_cutoffs_listed') }}
),

summed as (
    select
        cutoffs.purpose,
        order_products.customer_id,
        order_products.product_number,
        cast(count(*) as integer) as order_count,
        min(order_products.order_date) as first_order_date,
        max(order_products.order_date) as last_order_date,
        sum(
            {{ recency_weight(
                'order_products.order_date', 'cutoffs.cutoff_date', var('recommendation_personal_half_life_days')
            ) }}
        ) as personal_weight
    from order_products
    inner join cutoffs on order_products.order_date <= cutoffs.cutoff_date
    where order_products.customer_id <> '(unknown)'
    group by cutoffs.purpose, order_products.customer_id, order_products.product_number
)

select * from summed
