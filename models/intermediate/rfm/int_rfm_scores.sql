with customers as (
    select * from {{ ref('customer_metrics') }}
),

customer_cutoffs as (
    select * from {{ ref('int_customer_cutoffs') }}
),

as_of_dates as (
    select * from {{ ref('int_as_of_date') }}
),

thresholds as (
    select * from {{ ref('int_churn_thresholds') }}
),

cells as (
    select * from {{ ref('int_rfm_cells') }}
),

-- A prospect has no score rather than the lowest one, and the unknown customer is not a customer.
buyers as (
    select
        as_of_dates.as_of_date,
        customers.customer_id,
        customers.days_since_last_purchase,
        customers.purchase_count,
        customers.total_spend
    from customers
    cross join as_of_dates
    where customers.purchase_count > 0 and customers.customer_id <> '(unknown)'
    union all
    select
        cutoff_date as as_of_date,
        customer_id,
        days_since_last_purchase,
        purchase_count,
        total_spend
    from customer_cutoffs
),

judged as (
    select
        buyers.*,
        buyers.purchase_count = 1 as is_first_purchase,
        {{ churn_tier('buyers.days_since_last_purchase') }} <> 'low' as is_late,
        count(*) over (partition by buyers.as_of_date) >= {{ var('rfm_min_buyers') }} as is_scored
    from buyers
    cross join thresholds
),

-- One purchase scores 1 by rule, so that repeat buyers are told apart however few they are.
scored as (
    select
        *,
        case when is_scored then {{ quintile_score('days_since_last_purchase', 'as_of_date', 'desc') }} end
            as recency_score,
        case
            when is_scored and is_first_purchase then 1
            when is_scored then {{ quintile_score('purchase_count', 'as_of_date, is_first_purchase', lowest=2) }}
        end as frequency_score,
        case when is_scored then {{ quintile_score('total_spend', 'as_of_date') }} end as monetary_score
    from judged
),

named as (
    select
        scored.as_of_date,
        scored.customer_id,
        scored.days_since_last_purchase,
        scored.purchase_count,
        scored.total_spend,
        scored.is_first_purchase,
        scored.is_late,
        scored.recency_score,
        scored.frequency_score,
        scored.monetary_score,
        cells.rfm_segment
    from scored
    left join cells
        on
            scored.recency_score = cells.recency_score
            and scored.frequency_score = cells.frequency_score
            and scored.monetary_score = cells.monetary_score
            and scored.is_first_purchase = cells.is_first_purchase
            and scored.is_late = cells.is_late
)

select * from named
