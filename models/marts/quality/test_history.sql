-- A view, so that a record made after a build shows without another build.
with invocations as (
    select * from {{ source('operations', 'invocations') }}
),

test_results as (
    select * from {{ source('operations', 'test_results') }}
),

dated as (
    select
        test_results.*,
        invocations.started_at,
        invocations.command,
        case when test_results.status in ('fail', 'error', 'warn') then 1 else 0 end as is_failing,
        case when test_results.status = 'pass' then 1 else 0 end as is_passing
    from test_results
    inner join invocations on test_results.invocation_id = invocations.invocation_id
),

-- Failures between two passes have the same number of passes before them. A skipped test changes nothing.
numbered as (
    select
        *,
        sum(is_passing) over (
            partition by unique_id order by started_at, invocation_id rows between unbounded preceding and current row
        ) as passes_before
    from dated
),

history as (
    select
        invocation_id,
        command,
        started_at,
        test_name,
        resource_type,
        model_name,
        severity,
        status,
        failures,
        cast(seconds as numeric(12, 3)) as seconds,
        case when is_failing = 1 then min(case when is_failing = 1 then started_at end) over (
            partition by unique_id, passes_before
        ) end as failing_since
    from numbered
)

select * from history
