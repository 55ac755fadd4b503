{{ config(materialized=read_once_materialization(), pre_hook="{{ join_by_hash() }}") }}
with owned as (
    select * from {{ ref('int_recommendation_owned_ranked') }}
),

neighbours as (
    select * from {{ ref('int_recommendation_neighbours_ranked') }}
),

summed as (
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
)

select * from summed
