with observed as (
    select * from {{ ref('int_customer_cutoffs') }}
),

cutoffs as (
    select * from {{ ref('int_churn_cutoffs') }}
),

-- An empty tier is shown with zero customers, so that every cut-off has the same rows.
tiers as (
    select 'low' as churn_risk
    union all
    select 'medium' as churn_risk
    union all
    select 'high' as churn_risk
),

tiered as (
    select
        cutoff_date,
        {{ churn_tier('days_since_last_purchase') }} as churn_risk,
        has_returned
    from observed
),

counted as (
    select
        churn_risk,
        cutoff_date,
        count(*) as customers,
        sum(case when has_returned then 1 else 0 end) as returned_customers
    from tiered
    group by churn_risk, cutoff_date
),

rated as (
    select
        tiers.churn_risk,
        cutoffs.cutoff_date,
        cutoffs.horizon_date,
        coalesce(counted.customers, 0) as customers,
        coalesce(counted.returned_customers, 0) as returned_customers,
        {{ rounded_quotient('counted.returned_customers * 1.0', 'counted.customers', 9, 6) }} as return_rate
    from tiers
    cross join cutoffs
    left join counted
        on
            tiers.churn_risk = counted.churn_risk
            and cutoffs.cutoff_date = counted.cutoff_date
)

select * from rated
