{{ config(materialized=read_once_materialization()) }}
with customers as (
    select *
    from {{ ref('int_recommendation_customers_listed') }}
    where is_listed
),

products as (
    select *
    from {{ ref('int_recommendation_products_measured') }}
    where recent_rank <= {{ var('recommendation_new_products') }}
),

segment_products as (
    select * from {{ ref('int_recommendation_segment_products_ranked') }}
),

co_purchases as (
    select * from {{ ref('int_recommendation_co_purchases_summed') }}
),

-- Few of all that customers bought, so that the next step stays in memory.
owned_candidates as (
    select
        histories.purpose,
        histories.customer_id,
        histories.product_number
    from {{ ref('int_recommendation_histories_summed') }} as histories
    inner join {{ ref('int_recommendation_products_measured') }} as measured
        on
            histories.purpose = measured.purpose
            and histories.product_number = measured.product_number
    where measured.recent_rank <= {{ var('recommendation_new_products') }}
),

-- What a segment says of the products, before there are as many rows as customers and products.
segments as (
    select distinct
        purpose,
        segment
    from customers
),

rated_products as (
    select
        segments.purpose,
        segments.segment,
        products.product_number,
        products.product_id,
        products.first_purchase_rate,
        segment_products.first_purchase_rate as segment_purchase_rate
    from segments
    inner join products on segments.purpose = products.purpose
    left join segment_products
        on
            segments.purpose = segment_products.purpose
            and segments.segment = segment_products.segment
            and products.product_number = segment_products.product_number
),

candidates as (
    select
        customers.purpose,
        customers.customer_id,
        rated_products.product_number,
        rated_products.product_id,
        rated_products.first_purchase_rate,
        rated_products.segment_purchase_rate
    from customers
    inner join rated_products
        on
            customers.purpose = rated_products.purpose
            and customers.segment = rated_products.segment
    left join owned_candidates
        on
            customers.purpose = owned_candidates.purpose
            and customers.customer_id = owned_candidates.customer_id
            and rated_products.product_number = owned_candidates.product_number
    where owned_candidates.product_number is null
),

scored as (
    select
        candidates.purpose,
        candidates.customer_id,
        'new' as list,
        candidates.product_number,
        candidates.product_id,
        cast(co_purchases.co_purchase_score as {{ type_double() }}) as co_purchase_score,
        cast(candidates.segment_purchase_rate as {{ type_double() }}) as segment_affinity_score,
        cast(candidates.first_purchase_rate as {{ type_double() }}) as popularity_score
    from candidates
    left join co_purchases
        on
            candidates.purpose = co_purchases.purpose
            and candidates.customer_id = co_purchases.customer_id
            and candidates.product_number = co_purchases.product_number
)

select * from scored
