with scores as (
    select * from {{ ref('int_rfm_scores') }}
),

customer_cutoffs as (
    select * from {{ ref('int_customer_cutoffs') }}
),

cutoffs as (
    select * from {{ ref('int_cutoffs') }}
),

segments as (
    select distinct segment as rfm_segment
    from {{ ref('rfm_segments') }}
),

-- A cut-off counts once 90 days after it have fully elapsed.
elapsed as (
    select cutoff_date
    from cutoffs
    where is_month_end and days_elapsed >= 90
),

counted as (
    select
        scores.rfm_segment,
        scores.as_of_date as cutoff_date,
        count(*) as customers,
        sum(case when customer_cutoffs.days_to_return <= 30 then 1 else 0 end) as returned_30d,
        sum(case when customer_cutoffs.days_to_return <= 90 then 1 else 0 end) as returned_90d
    from scores
    inner join customer_cutoffs
        on
            scores.customer_id = customer_cutoffs.customer_id
            and scores.as_of_date = customer_cutoffs.cutoff_date
    group by scores.rfm_segment, scores.as_of_date
),

-- An empty segment is shown with zero customers, so that every cut-off has the same rows.
rated as (
    select
        segments.rfm_segment,
        elapsed.cutoff_date,
        coalesce(counted.customers, 0) as customers,
        coalesce(counted.returned_30d, 0) as returned_30d,
        {{ rounded_quotient('counted.returned_30d * 1.0', 'counted.customers', 9, 6) }} as return_rate_30d,
        coalesce(counted.returned_90d, 0) as returned_90d,
        {{ rounded_quotient('counted.returned_90d * 1.0', 'counted.customers', 9, 6) }} as return_rate_90d
    from segments
    cross join elapsed
    left join counted
        on
            segments.rfm_segment = counted.rfm_segment
            and elapsed.cutoff_date = counted.cutoff_date
)

select * from rated
