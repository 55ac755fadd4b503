with scores as (
    select * from {{ ref('int_rfm_scores') }}
),

as_of_dates as (
    select * from {{ ref('int_as_of_date') }}
),

current_scores as (
    select
        scores.customer_id,
        scores.days_since_last_purchase,
        scores.purchase_count,
        scores.total_spend,
        scores.is_first_purchase,
        scores.is_late,
        scores.recency_score,
        scores.frequency_score,
        scores.monetary_score,
        cast(100 * scores.recency_score + 10 * scores.frequency_score + scores.monetary_score as integer) as rfm_cell,
        scores.rfm_segment
    from scores
    inner join as_of_dates on scores.as_of_date = as_of_dates.as_of_date
)

select * from current_scores
