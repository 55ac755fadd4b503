-- At every node, as many users enter as leave or stay; those who enter the first nodes are all users.
with arrivals as (
    select
        step + 1 as step,
        to_stage as stage,
        users
    from {{ ref('journey_transitions') }}
    where to_stage <> '(stays)'
    union all
    select
        stage_number as step,
        stage,
        1 as users
    from {{ ref('journey_stage_history') }}
    where stage_number = 1
),

inflows as (
    select
        step,
        stage,
        sum(users) as users
    from arrivals
    group by step, stage
),

outflows as (
    select
        step,
        from_stage as stage,
        sum(users) as users,
        sum(share) as share
    from {{ ref('journey_transitions') }}
    group by step, from_stage
)

select
    coalesce(inflows.step, outflows.step) as step,
    coalesce(inflows.stage, outflows.stage) as stage,
    inflows.users as users_in,
    outflows.users as users_out
from inflows
full outer join outflows on inflows.step = outflows.step and inflows.stage = outflows.stage
where
    inflows.users is distinct from outflows.users
    or abs(outflows.share - 1) > 0.00001
