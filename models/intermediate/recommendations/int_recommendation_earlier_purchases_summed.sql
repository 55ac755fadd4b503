{{ config(pre_hook="{{ join_by_hash() }}") }}

with order_products as (
    select * from {{ ref('int_order_products_listed') }}
),

cutoffs as (
    select * from {{ ref('int_recommendation_cutoffs_listed') }}
),

-- What was bought after a cut-off day, too; all else was by then what it is now.
continued as (
    select
        cutoffs.purpose,
        cutoffs.cutoff_date,
        purchases.customer_id,
        purchases.product_number,
        purchases.weight_date
    from {{ ref('int_recommendation_purchases_summed') }} as purchases
    inner join cutoffs
        on
            purchases.first_order_date <= cutoffs.cutoff_date
            and purchases.last_order_date > cutoffs.cutoff_date
),

summed as (
    select
        continued.purpose,
        continued.customer_id,
        continued.product_number,
        cast(count(*) as integer) as order_count,
        min(order_products.order_date) as first_order_date,
        max(order_products.order_date) as last_order_date,
        sum(
            {{ recency_weight(
                'order_products.order_date', 'continued.weight_date', var('recommendation_personal_half_life_days')
            ) }}
        ) as personal_weight
    from order_products
    inner join continued
        on
            order_products.customer_id = continued.customer_id
            and order_products.product_number = continued.product_number
    where order_products.order_date <= continued.cutoff_date
    group by continued.purpose, continued.customer_id, continued.product_number
)

select * from summed
