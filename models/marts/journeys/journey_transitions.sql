with stage_history as (
    select * from {{ ref('journey_stage_history') }}
),

steps as (
    select
        stage_number as step,
        stage as from_stage,
        coalesce(
            lead(stage) over (partition by user_id order by stage_number), '(stays)'
        ) as to_stage
    from stage_history
),

counted as (
    select
        step,
        from_stage,
        to_stage,
        count(*) as users
    from steps
    group by step, from_stage, to_stage
),

-- The step is part of the node, so a return to an earlier stage goes forward, to a node of its own.
shared as (
    select
        step,
        from_stage,
        to_stage,
        cast(step as {{ dbt.type_string() }}) || ' ' || from_stage as from_node,
        cast(step + 1 as {{ dbt.type_string() }}) || ' ' || to_stage as to_node,
        users,
        {{ rounded_quotient('users * 1.0', 'sum(users) over (partition by step, from_stage)', 9, 6) }} as share
    from counted
)

select * from shared
