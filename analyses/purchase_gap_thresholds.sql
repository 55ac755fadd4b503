-- Thresholds for the churn tiers that the data suggests, to compare with the vars: the 40th and 80th percentile of gaps
-- between purchase days. Run it with `dbt show --select purchase_gap_thresholds`.
with purchase_days as (
    select * from {{ ref('int_purchase_days') }}
),

previous_days as (
    select
        purchase_date,
        lag(purchase_date) over (partition by customer_id order by purchase_date) as previous_date
    from purchase_days
),

gaps as (
    select
        {{
            dbt.datediff('previous_date', 'purchase_date', 'day')
        }} as gap_days
    from previous_days
    where previous_date is not null
),

suggested as (
    select
        count(*) as gaps,
        percentile_cont(0.4) within group (order by gap_days) as suggested_medium_after_days,
        percentile_cont(0.8) within group (order by gap_days) as suggested_high_after_days,
        {{ var('churn_medium_after_days') }} as churn_medium_after_days,
        {{ var('churn_high_after_days') }} as churn_high_after_days
    from gaps
)

select * from suggested
