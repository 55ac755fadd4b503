with customer_cutoffs as (
    select * from {{ ref('int_customer_cutoffs') }}
),

cutoffs as (
    select * from {{ ref('int_cutoffs') }}
),

thresholds as (
    select * from {{ ref('int_churn_thresholds') }}
),

-- An empty tier is shown with zero customers, so that every cut-off has the same rows.
tiers as (
    select 'low' as churn_risk
    union all
    select 'medium' as churn_risk
    union all
    select 'high' as churn_risk
),

-- A cut-off counts once its horizon has fully elapsed.
elapsed as (
    select
        cutoff_date,
        cast({{ dbt.dateadd('day', var('churn_horizon_days'), 'cutoff_date') }} as date) as horizon_date
    from cutoffs
    where is_month_end and days_elapsed >= {{ var('churn_horizon_days') }}
),

tiered as (
    select
        customer_cutoffs.cutoff_date,
        {{ churn_tier('customer_cutoffs.days_since_last_purchase') }} as churn_risk,
        case when customer_cutoffs.days_to_return <= {{ var('churn_horizon_days') }} then 1 else 0 end as has_returned
    from customer_cutoffs
    cross join thresholds
),

counted as (
    select
        churn_risk,
        cutoff_date,
        count(*) as customers,
        sum(has_returned) as returned_customers
    from tiered
    group by churn_risk, cutoff_date
),

rated as (
    select
        tiers.churn_risk,
        elapsed.cutoff_date,
        elapsed.horizon_date,
        coalesce(counted.customers, 0) as customers,
        coalesce(counted.returned_customers, 0) as returned_customers,
        {{ rounded_quotient('counted.returned_customers * 1.0', 'counted.customers', 9, 6) }} as return_rate
    from tiers
    cross join elapsed
    left join counted
        on
            tiers.churn_risk = counted.churn_risk
            and elapsed.cutoff_date = counted.cutoff_date
)

select * from rated
