with customers as (
    select * from {{ ref('customer_metrics') }}
),

rules as (
    select * from {{ ref('rfm_segments') }}
),

-- A prospect has no score rather than the lowest one, and the unknown customer is not a customer.
buyers as (
    select *
    from customers
    where purchase_count > 0 and customer_id <> '(unknown)'
),

scored as (
    select
        customer_id,
        days_since_last_purchase,
        purchase_count,
        total_spend,
        {{ quintile_score('days_since_last_purchase', 'desc') }} as recency_score,
        {{ quintile_score('purchase_count') }} as frequency_score,
        {{ quintile_score('total_spend') }} as monetary_score
    from buyers
),

named as (
    select
        scored.customer_id,
        scored.days_since_last_purchase,
        scored.purchase_count,
        scored.total_spend,
        scored.recency_score,
        scored.frequency_score,
        scored.monetary_score,
        cast(100 * scored.recency_score + 10 * scored.frequency_score + scored.monetary_score as integer) as rfm_cell,
        rules.segment as rfm_segment
    from scored
    left join rules
        on
            scored.recency_score between rules.r_min and rules.r_max
            and scored.frequency_score between rules.f_min and rules.f_max
            and scored.monetary_score between rules.m_min and rules.m_max
)

select * from named
