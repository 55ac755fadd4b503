with scores as (
    select * from {{ ref('int_rfm_scores') }}
),

current_scores as (
    select * from {{ ref('customer_rfm') }}
),

cutoffs as (
    select * from {{ ref('int_cutoffs') }}
    where is_30_days_before
),

scores_before as (
    select
        scores.customer_id,
        coalesce(scores.rfm_segment, '(too few buyers)') as rfm_segment
    from scores
    inner join cutoffs on scores.as_of_date = cutoffs.cutoff_date
),

-- Someone whose only purchase was refunded since is a buyer no more.
paired as (
    select
        coalesce(scores_before.rfm_segment, '(not a buyer)') as segment_before,
        case
            when current_scores.customer_id is null then '(not a buyer)'
            else coalesce(current_scores.rfm_segment, '(too few buyers)')
        end as segment_now,
        current_scores.total_spend
    from scores_before
    full outer join current_scores on scores_before.customer_id = current_scores.customer_id
),

counted as (
    select
        segment_before,
        segment_now,
        count(*) as customers,
        cast(coalesce(sum(total_spend), 0) as numeric(18, 2)) as total_spend
    from paired
    group by segment_before, segment_now
)

select * from counted
