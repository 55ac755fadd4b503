-- Customers who are in another churn tier than on an earlier day, by what was known then. Run it with
-- `dbt show --limit 100 --select churn_tier_changes --vars '{since: 2024-01-31}'`; without the var, the earlier day is
-- 30 days before the as-of date.
{%- set since = var('since', none) %}

with purchases as (
    select * from {{ ref('int_customer_purchases') }}
),

churn_risks as (
    select * from {{ ref('customer_churn_risk') }}
),

since_days as (
    select
        cast({{ "'" ~ since ~ "'" if since else dbt.dateadd('day', -30, 'as_of_date') }} as date) as since_date
    from {{ ref('int_as_of_date') }}
),

last_purchases as (
    select
        purchases.customer_id,
        max(purchases.last_purchase_date) as last_purchase_date
    from purchases
    inner join since_days
        on
            purchases.known_from <= since_days.since_date
            and (purchases.known_until is null or purchases.known_until > since_days.since_date)
    group by purchases.customer_id
),

days_then as (
    select
        churn_risks.customer_id,
        churn_risks.churn_risk,
        churn_risks.days_since_last_purchase,
        since_days.since_date,
        {{
            dbt.datediff('last_purchases.last_purchase_date', 'since_days.since_date', 'day')
        }} as days_then
    from churn_risks
    cross join since_days
    left join last_purchases on churn_risks.customer_id = last_purchases.customer_id
),

changed as (
    select
        customer_id,
        since_date,
        {{ churn_tier('days_then') }} as churn_risk_then,
        churn_risk as churn_risk_now,
        days_since_last_purchase
    from days_then
    where churn_risk <> {{ churn_tier('days_then') }}
)

select * from changed
order by churn_risk_then, churn_risk_now, customer_id
