with events as (
    select
        count(*) as event_count,
        coalesce(sum({{ version_hash('event_id', '_load_id') }}), 0) as load_checksum
    from {{ source('journey', 'events') }}
    where
        {{ pinned_as_of_date() }} is null
        or {{ local_date('event_time') }} <= {{ pinned_as_of_date() }}
),

rollups as (
    select
        coalesce(sum(event_count), 0) as event_count,
        coalesce(sum(load_checksum), 0) as load_checksum
    from {{ ref('event_rollups_hourly') }}
)

select
    events.event_count,
    rollups.event_count as rolled_up_event_count
from events
cross join rollups
where
    {{ differs('events.event_count', 'rollups.event_count') }}
    or {{ differs('events.load_checksum', 'rollups.load_checksum') }}
