with purchases as (
    select * from {{ ref('int_customer_purchases') }}
),

purchase_days as (
    select * from {{ ref('int_purchase_days') }}
),

cutoffs as (
    select * from {{ ref('int_churn_cutoffs') }}
),

-- One row per month instead of one per purchase, because every cut-off reads all rows before it.
monthly_purchases as (
    select
        customer_id,
        cast({{ dbt.date_trunc('month', 'known_from') }} as date) as known_month,
        known_until,
        max(purchase_date) as last_purchase_date
    from purchases
    group by customer_id, cast({{ dbt.date_trunc('month', 'known_from') }} as date), known_until
),

features as (
    select
        monthly_purchases.customer_id,
        cutoffs.cutoff_date,
        max(monthly_purchases.last_purchase_date) as last_purchase_date
    from monthly_purchases
    inner join cutoffs
        on
            monthly_purchases.known_month <= cutoffs.cutoff_date
            and (monthly_purchases.known_until is null or monthly_purchases.known_until > cutoffs.cutoff_date)
    group by monthly_purchases.customer_id, cutoffs.cutoff_date
),

outcomes as (
    select distinct
        purchase_days.customer_id,
        cutoffs.cutoff_date
    from purchase_days
    inner join cutoffs
        on
            purchase_days.purchase_date > cutoffs.cutoff_date
            and purchase_days.purchase_date <= cutoffs.horizon_date
),

observed as (
    select
        features.customer_id,
        features.cutoff_date,
        {{
            dbt.datediff('features.last_purchase_date', 'features.cutoff_date', 'day')
        }} as days_since_last_purchase,
        outcomes.customer_id is not null as has_returned
    from features
    left join outcomes
        on
            features.customer_id = outcomes.customer_id
            and features.cutoff_date = outcomes.cutoff_date
)

select * from observed
