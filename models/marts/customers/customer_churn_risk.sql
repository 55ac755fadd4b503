with customers as (
    select * from {{ ref('customer_metrics') }}
),

calibration as (
    select * from {{ ref('churn_tier_calibration') }}
),

thresholds as (
    select * from {{ ref('int_churn_thresholds') }}
),

tier_rates as (
    select
        churn_risk,
        cast(sum(customers) as bigint) as tier_observations,
        {{ rounded_quotient('sum(returned_customers) * 1.0', 'nullif(sum(customers), 0)', 9, 6) }} as tier_return_rate
    from calibration
    group by churn_risk
),

tiered as (
    select
        customers.customer_id,
        {{ churn_tier('customers.days_since_last_purchase') }} as churn_risk,
        customers.days_since_last_purchase,
        -- The mean gap is recency_days / frequency; with fewer than two purchase days there is none.
        {{ rounded_quotient(
            'customers.days_since_last_purchase * customers.frequency * 1.0', 'nullif(customers.recency_days, 0)', 18, 4
        ) }} as lateness_ratio
    from customers
    cross join thresholds
    where customers.customer_id <> '(unknown)'
),

rated as (
    select
        tiered.customer_id,
        tiered.churn_risk,
        tiered.days_since_last_purchase,
        tiered.lateness_ratio,
        tier_rates.tier_return_rate,
        tier_rates.tier_observations
    from tiered
    left join tier_rates on tiered.churn_risk = tier_rates.churn_risk
)

select * from rated
