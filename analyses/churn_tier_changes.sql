-- Customers who are in another churn tier than on an earlier day, by what was known then. Run it with
-- `dbt show --limit 100 --select churn_tier_changes --vars '{since: 2024-01-31}'`; without the var, the earlier day is
-- 30 days before the as-of date.
{%- set since = var('since', none) %}

with order_versions as (
    select * from {{ ref('int_order_versions') }}
),

thresholds as (
    select * from {{ ref('int_churn_thresholds') }}
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
        order_versions.customer_id,
        max(order_versions.purchase_date) as last_purchase_date
    from order_versions
    inner join since_days
        on
            order_versions.known_from <= since_days.since_date
            and (order_versions.known_until is null or order_versions.known_until > since_days.since_date)
    group by order_versions.customer_id
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
        days_then.customer_id,
        days_then.since_date,
        {{ churn_tier('days_then.days_then') }} as churn_risk_then,
        days_then.churn_risk as churn_risk_now,
        days_then.days_since_last_purchase
    from days_then
    cross join thresholds
    where days_then.churn_risk <> {{ churn_tier('days_then.days_then') }}
)

select * from changed
order by churn_risk_then, churn_risk_now, customer_id
