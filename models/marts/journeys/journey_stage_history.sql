with stage_changes as (
    select * from {{ ref('int_journey_stages') }}
),

intervals as (
    select
        user_id,
        cast(row_number() over (partition by user_id order by valid_from) as integer) as stage_number,
        stage,
        valid_from,
        lead(valid_from) over (partition by user_id order by valid_from) as valid_to,
        entered_by,
        entered_by_event_id
    from stage_changes
),

flagged as (
    select
        user_id,
        stage_number,
        stage,
        valid_from,
        valid_to,
        valid_to is null as is_current,
        entered_by,
        entered_by_event_id
    from intervals
)

select * from flagged
