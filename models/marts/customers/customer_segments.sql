with customers as (
    select * from {{ ref('int_customer_features') }}
),

centroids as (
    select * from {{ ref('int_customer_centroids') }}
),

names as (
    select * from {{ ref('int_segment_names') }}
),

distances as (
    select
        customers.customer_id,
        centroids.segment_number,
        sqrt(
            power(customers.purchase_count - centroids.purchase_count, 2)
            + power(customers.total_spend - centroids.total_spend, 2)
            + power(customers.average_transaction_value - centroids.average_transaction_value, 2)
            + power(customers.days_since_last_purchase - centroids.days_since_last_purchase, 2)
            + power(customers.customer_lifetime_days - centroids.customer_lifetime_days, 2)
        ) as distance_to_centroid
    from customers
    cross join centroids
),

ranked as (
    select
        *,
        row_number() over (
            partition by customer_id
            order by distance_to_centroid, segment_number
        ) as distance_rank
    from distances
),

nearest as (
    select
        customer_id,
        cast(segment_number as integer) as segment_number,
        cast(distance_to_centroid as numeric(18, 6)) as distance_to_centroid
    from ranked
    where distance_rank = 1
),

named as (
    select
        nearest.customer_id,
        nearest.segment_number,
        names.segment_name,
        nearest.distance_to_centroid
    from nearest
    left join names on nearest.segment_number = names.segment_number
)

select * from named
