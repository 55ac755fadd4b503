-- From the first stage to the current one, no stage follows itself and none is skipped in the count.
with chained as (
    select
        user_id,
        stage_number,
        stage,
        is_current,
        lag(stage) over (partition by user_id order by valid_from) as stage_before,
        row_number() over (partition by user_id order by valid_from) as expected_number,
        row_number() over (partition by user_id order by valid_from desc) = 1 as is_last
    from {{ ref('journey_stage_history') }}
)

select *
from chained
where
    stage_number is distinct from expected_number
    or is_current is distinct from is_last
    or not stage is distinct from stage_before
