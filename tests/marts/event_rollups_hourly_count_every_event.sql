with events as (
    select count(*) as event_count
    from {{ source('journey', 'events') }}
    where {{ is_accepted(local_date('event_time')) }}
),

rollups as (
    select coalesce(sum(event_count), 0) as event_count
    from {{ ref('event_rollups_hourly') }}
)

select
    events.event_count,
    rollups.event_count as rolled_up_event_count
from events
cross join rollups
where events.event_count is distinct from rollups.event_count
