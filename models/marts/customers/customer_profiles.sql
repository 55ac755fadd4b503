with customers as (
    select * from {{ ref('int_customers') }}
),

metrics as (
    select * from {{ ref('customer_metrics') }}
),

rfm as (
    select * from {{ ref('customer_rfm') }}
),

churn_risks as (
    select * from {{ ref('customer_churn_risk') }}
),

segments as (
    select * from {{ ref('customer_segments') }}
),

favourites as (
    select * from {{ ref('int_customer_favourites') }}
),

expected as (
    select * from {{ ref('customer_value') }}
),

profiles as (
    select
        customers.customer_id,
        customers.is_registered,
        customers.customer_name,
        customers.email,
        customers.customer_segment,
        customers.age_group,
        customers.location,
        customers.status,
        {{ local_date('customers.registered_at') }} as registration_date,
        metrics.purchase_count,
        metrics.total_spend,
        metrics.average_transaction_value,
        metrics.first_purchase_date,
        metrics.last_purchase_date,
        metrics.days_since_last_purchase,
        metrics.customer_lifetime_days,
        metrics.purchase_days,
        metrics.frequency,
        metrics.recency_days,
        metrics.tenure_days,
        metrics.monetary_value,
        rfm.recency_score,
        rfm.frequency_score,
        rfm.monetary_score,
        rfm.rfm_cell,
        rfm.rfm_segment,
        churn_risks.churn_risk,
        churn_risks.lateness_ratio,
        churn_risks.tier_return_rate,
        segments.segment_number,
        segments.segment_name,
        segments.distance_to_centroid,
        -- A customer who returned everything has lines but no favourite.
        case when metrics.purchase_count > 0 then favourites.favourite_category end as favourite_category,
        expected.probability_alive,
        expected.expected_purchases_90d,
        expected.expected_purchases_365d,
        expected.expected_average_value,
        expected.expected_revenue_365d,
        expected.model as value_model
    from customers
    left join metrics on customers.customer_id = metrics.customer_id
    left join rfm on customers.customer_id = rfm.customer_id
    left join churn_risks on customers.customer_id = churn_risks.customer_id
    left join segments on customers.customer_id = segments.customer_id
    left join favourites on customers.customer_id = favourites.customer_id
    left join expected on customers.customer_id = expected.customer_id
)

select * from profiles
