with histories as (
    select * from {{ ref('int_recommendation_histories_summed') }}
),

customers as (
    select * from {{ ref('int_recommendation_customers_listed') }}
),

products as (
    select * from {{ ref('int_recommendation_products_measured') }}
),

-- First without the products, which tell only apart what weighs the same: few are joined then, and less is sorted.
weighed as (
    select
        histories.*,
        rank() over (
            partition by histories.customer_id, histories.purpose
            order by histories.personal_weight desc
        ) as weight_rank
    from histories
    inner join customers
        on
            histories.purpose = customers.purpose
            and histories.customer_id = customers.customer_id
            and customers.is_listed
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
    where weighed.weight_rank <= {{ var('recommendation_own_products') }}
),

most_liked as (
    select *
    from ranked
    where personal_rank <= {{ var('recommendation_own_products') }}
)

select * from most_liked
