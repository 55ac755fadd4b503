with order_versions as (
    select * from {{ ref('int_order_versions') }}
),

purchase_days as (
    select
        *,
        lag(purchase_date) over (partition by customer_id order by purchase_date) as previous_date
    from {{ ref('int_purchase_days') }}
),

calendar_days as (
    select * from {{ ref('int_calendar_days') }}
),

cutoffs as (
    select * from {{ ref('int_cutoffs') }}
),

-- The first cut-off that sees a day. Summing between cut-offs first leaves few rows for each cut-off to read.
seen as (
    select
        calendar_days.calendar_date,
        min(cutoffs.cutoff_date) as cutoff_date
    from calendar_days
    inner join cutoffs on calendar_days.calendar_date <= cutoffs.cutoff_date
    group by calendar_days.calendar_date
),

between_cutoffs as (
    select
        order_versions.customer_id,
        seen.cutoff_date as known_from,
        order_versions.known_until,
        count(order_versions.purchase_date) as purchase_count,
        max(order_versions.purchase_date) as last_purchase_date,
        sum(order_versions.net_revenue) as total_spend
    from order_versions
    inner join seen on order_versions.known_from = seen.calendar_date
    group by order_versions.customer_id, seen.cutoff_date, order_versions.known_until
),

known as (
    select
        between_cutoffs.customer_id,
        cutoffs.cutoff_date,
        cast(sum(between_cutoffs.purchase_count) as bigint) as purchase_count,
        max(between_cutoffs.last_purchase_date) as last_purchase_date,
        cast(sum(between_cutoffs.total_spend) as numeric(18, 2)) as total_spend
    from between_cutoffs
    inner join cutoffs
        on
            between_cutoffs.known_from <= cutoffs.cutoff_date
            and (between_cutoffs.known_until is null or between_cutoffs.known_until > cutoffs.cutoff_date)
    group by between_cutoffs.customer_id, cutoffs.cutoff_date
),

-- A cut-off between two purchase days is followed by the second.
returns as (
    select
        purchase_days.customer_id,
        cutoffs.cutoff_date,
        purchase_days.purchase_date
    from purchase_days
    inner join cutoffs
        on
            purchase_days.purchase_date > cutoffs.cutoff_date
            and (purchase_days.previous_date is null or purchase_days.previous_date <= cutoffs.cutoff_date)
),

observed as (
    select
        known.customer_id,
        known.cutoff_date,
        {{
            dbt.datediff('known.last_purchase_date', 'known.cutoff_date', 'day')
        }} as days_since_last_purchase,
        known.purchase_count,
        known.total_spend,
        {{
            dbt.datediff('known.cutoff_date', 'returns.purchase_date', 'day')
        }} as days_to_return
    from known
    left join returns
        on
            known.customer_id = returns.customer_id
            and known.cutoff_date = returns.cutoff_date
    where known.purchase_count > 0
)

select * from observed
