with customers as (
    select * from {{ ref('int_customer_features') }}
),

found as (
    {{ kmeans_centroids(
        points='customers',
        table=ref('int_customer_features'),
        id='customer_id',
        features=[
            'purchase_count', 'total_spend', 'average_transaction_value', 'days_since_last_purchase',
            'customer_lifetime_days',
        ],
        clusters=var('segment_count'),
    ) }}
),

-- A centroid is the mean of its customers, so its spend ranks like theirs; the other columns only break ties.
numbered as (
    select
        row_number() over (
            order by
                total_spend desc,
                purchase_count desc,
                average_transaction_value desc,
                days_since_last_purchase asc,
                customer_lifetime_days asc
        ) as segment_number,
        *
    from found
)

select * from numbered
