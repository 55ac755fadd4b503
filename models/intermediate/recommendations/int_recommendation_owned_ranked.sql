{%- set length = var('recommendation_own_products') -%}
with customers as (
    select
        purpose,
        customer_id
    from {{ ref('int_recommendation_customers_listed') }}
    where is_listed
),

products as (
    select * from {{ ref('int_recommendation_products_measured') }}
),

purchases as (
    {{ heaviest_purchases('customers', length) }}
),

-- First without the products, which tell only apart what weighs the same: few are joined then, and less is sorted.
weighed as (
    select
        purchases.*,
        rank() over (
            partition by purchases.customer_id, purchases.purpose
            order by purchases.personal_weight desc
        ) as weight_rank
    from purchases
),

ranked as (
    select
        weighed.purpose,
        weighed.customer_id,
        weighed.product_number,
        weighed.order_count,
        weighed.first_order_date,
        weighed.last_order_date,
        weighed.personal_weight,
        products.product_id,
        products.repeat_purchase_rate,
        row_number() over (
            partition by weighed.customer_id, weighed.purpose
            order by weighed.personal_weight desc, products.global_rank asc
        ) as personal_rank
    from weighed
    inner join products
        on
            weighed.purpose = products.purpose
            and weighed.product_number = products.product_number
    where weighed.weight_rank <= {{ length }}
),

most_liked as (
    select *
    from ranked
    where personal_rank <= {{ length }}
)

select * from most_liked
