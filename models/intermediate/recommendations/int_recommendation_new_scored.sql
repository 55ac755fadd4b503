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

histories as (
    select * from {{ ref('int_recommendation_histories_summed') }}
),

owned as (
    select * from {{ ref('int_recommendation_owned_ranked') }}
),

neighbours as (
    select * from {{ ref('int_recommendation_neighbours_ranked') }}
),

segment_products as (
    select * from {{ ref('int_recommendation_segment_products_ranked') }}
),

co_purchases as (
    select
        owned.purpose,
        owned.customer_id,
        neighbours.neighbour_number as product_number,
        sum(owned.personal_weight * neighbours.cosine_weight) as co_purchase_score
    from owned
    inner join neighbours
        on
            owned.purpose = neighbours.purpose
            and owned.product_number = neighbours.product_number
    group by owned.purpose, owned.customer_id, neighbours.neighbour_number
),

candidates as (
    select
        customers.purpose,
        customers.customer_id,
        customers.segment,
        products.product_number,
        products.product_id,
        products.first_purchase_rate
    from customers
    inner join products on customers.purpose = products.purpose
    left join histories
        on
            customers.purpose = histories.purpose
            and customers.customer_id = histories.customer_id
            and products.product_number = histories.product_number
    where histories.product_number is null
),

scored as (
    select
        candidates.purpose,
        candidates.customer_id,
        'new' as list,
        candidates.product_number,
        candidates.product_id,
        cast(co_purchases.co_purchase_score as double precision) as co_purchase_score,
        cast(segment_products.first_purchase_rate as double precision) as segment_affinity_score,
        cast(candidates.first_purchase_rate as double precision) as popularity_score
    from candidates
    left join co_purchases
        on
            candidates.purpose = co_purchases.purpose
            and candidates.customer_id = co_purchases.customer_id
            and candidates.product_number = co_purchases.product_number
    left join segment_products
        on
            candidates.purpose = segment_products.purpose
            and candidates.segment = segment_products.segment
            and candidates.product_number = segment_products.product_number
)

select * from scored
