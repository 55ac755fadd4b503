with histories as (
    select * from {{ ref('int_recommendation_histories_summed') }}
),

customers as (
    select * from {{ ref('int_recommendation_customers_listed') }}
),

products as (
    select * from {{ ref('int_recommendation_products_measured') }}
),

ranked as (
    select
        histories.purpose,
        histories.customer_id,
        histories.product_number,
        histories.order_count,
        histories.first_order_date,
        histories.last_order_date,
        histories.personal_weight,
        products.product_id,
        products.repeat_purchase_rate,
        row_number() over (
            partition by histories.customer_id, histories.purpose
            order by histories.personal_weight desc, products.global_rank asc
        ) as personal_rank
    from histories
    inner join customers
        on
            histories.purpose = customers.purpose
            and histories.customer_id = customers.customer_id
            and customers.is_listed
    inner join products
        on
            histories.purpose = products.purpose
            and histories.product_number = products.product_number
),

most_liked as (
    select *
    from ranked
    where personal_rank <= {{ var('recommendation_own_products') }}
)

select * from most_liked
