-- Thresholds for the churn tiers that the data suggests, to compare with the vars: the 40th and 80th percentile of gaps
-- between purchase days. Run it with `dbt show --select purchase_gap_thresholds`.
with customer_days as (
    select * from {{ ref('int_customer_days') }}
),

previous_days as (
    select
        transaction_date,
        lag(transaction_date) over (partition by customer_id order by transaction_date) as previous_date
    from customer_days
    where is_purchase_day and customer_id <> '(unknown)'
),

gaps as (
    select
        {{
            dbt.datediff('previous_date', 'transaction_date', 'day')
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
