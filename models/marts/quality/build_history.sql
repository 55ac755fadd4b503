-- A view, so that a record made after a build shows without another build.
with invocations as (
    select * from {{ source('operations', 'invocations') }}
),

model_results as (
    select * from {{ source('operations', 'model_results') }}
),

history as (
    select
        invocations.invocation_id,
        invocations.command,
        invocations.target_name,
        invocations.status as invocation_status,
        invocations.started_at,
        cast(
            {{ seconds_between('invocations.started_at', 'invocations.finished_at') }} as numeric(12, 3)
        ) as invocation_seconds,
        model_results.model_name,
        model_results.resource_type,
        model_results.schema_name,
        model_results.status,
        cast(model_results.seconds as numeric(12, 3)) as seconds,
        model_results.rows_affected
    from invocations
    left join model_results on invocations.invocation_id = model_results.invocation_id
)

select * from history
