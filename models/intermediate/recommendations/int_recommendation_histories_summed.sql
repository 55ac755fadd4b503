with purchases as (
    select * from {{ ref('int_recommendation_purchases_summed') }}
),

earlier_purchases as (
    select * from {{ ref('int_recommendation_earlier_purchases_summed') }}
),

cutoffs as (
    select * from {{ ref('int_recommendation_cutoffs_listed') }}
),

united as (
    select
        cutoffs.purpose,
        purchases.customer_id,
        purchases.product_number,
        purchases.order_count,
        purchases.first_order_date,
        purchases.last_order_date,
        purchases.personal_weight
    from purchases
    inner join cutoffs on purchases.last_order_date <= cutoffs.cutoff_date
    union all
    select
        purpose,
        customer_id,
        product_number,
        order_count,
        first_order_date,
        last_order_date,
        personal_weight
    from earlier_purchases
)

select * from united
