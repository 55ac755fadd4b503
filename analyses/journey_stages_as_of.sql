-- The stage of every user at a past moment, and since when; by default at the end of the as-of day:
-- dbt show --select journey_stages_as_of --limit -1 --vars '{as_of_moment: "2024-04-20 12:00:00+00"}'
with stage_history as (
    select * from {{ ref('journey_stage_history') }}
),

as_of_moments as (
    select cast(nullif('{{ var("as_of_moment", "") }}', '') as timestamptz) as as_of_moment
),

as_of as (
    select
        stage_history.user_id,
        stage_history.stage_number,
        stage_history.stage,
        stage_history.valid_from,
        stage_history.entered_by,
        stage_history.entered_by_event_id
    from stage_history
    cross join as_of_moments
    where
        (as_of_moments.as_of_moment is null and stage_history.is_current)
        or (
            stage_history.valid_from <= as_of_moments.as_of_moment
            and (stage_history.valid_to is null or as_of_moments.as_of_moment < stage_history.valid_to)
        )
)

select * from as_of
