with staying as (
    select
        from_stage as stage,
        sum(users) as users
    from {{ ref('journey_transitions') }}
    where to_stage = '(stays)'
    group by from_stage
),

current_stages as (
    select
        stage,
        count(*) as users
    from {{ ref('journey_stage_history') }}
    where is_current
    group by stage
)

select
    current_stages.stage,
    current_stages.users,
    staying.users as staying_users
from current_stages
full outer join staying on current_stages.stage = staying.stage
where current_stages.users is distinct from staying.users
