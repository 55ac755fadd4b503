with facts as (
    select * from {{ ref('int_journey_facts_ordered') }}
),

accumulated as (
    select
        *,
        max(case when is_churn then fact_number end) over (
            partition by user_id order by fact_number rows between unbounded preceding and current row
        ) as last_churn,
        max(case when stage = 'customer' then fact_number end) over (
            partition by user_id order by fact_number rows between unbounded preceding and current row
        ) as last_payment,
        max(case when stage <> 'churned' then {{ journey_stage_rank('stage') }} end) over (
            partition by user_id order by fact_number rows between unbounded preceding and current row
        ) as highest_rank,
        lead(fact_time) over (partition by user_id order by fact_number) as next_fact_time
    from facts
),

-- Of several facts at the same moment the last one decides; a stage without duration does not count.
staged as (
    select
        user_id,
        fact_number,
        fact_id,
        fact_time,
        meaning,
        case
            when last_churn > coalesce(last_payment, 0) then 'churned'
            when highest_rank = 3 then 'customer'
            when highest_rank = 2 then 'prospect'
            when highest_rank = 1 then 'lead'
        end as stage
    from accumulated
    where fact_time is distinct from next_fact_time
),

compared as (
    select
        *,
        lag(stage) over (partition by user_id order by fact_number) as stage_before
    from staged
    where stage is not null
),

changed as (
    select
        user_id,
        stage,
        stage_before,
        fact_time as valid_from,
        fact_id as entered_by_event_id,
        meaning as entered_by
    from compared
    where stage is distinct from stage_before
)

select * from changed
