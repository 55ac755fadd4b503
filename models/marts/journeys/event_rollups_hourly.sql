with events as (
    select
        event_type,
        user_id,
        _load_id,
        {{ local_hour('event_time') }} as hour
    from {{ ref('stg_journey__events') }}
    where
        {{ pinned_as_of_date() }} is null
        or {{ local_date('event_time') }} <= {{ pinned_as_of_date() }}
),

hours as (
    select
        hour,
        event_type,
        count(*) as event_count,
        cast(sum(_load_id) as bigint) as load_checksum
    from events
    group by hour, event_type
),

-- A new, late, corrected or deleted event shows in the number of events or in the sum of their loads. The highest load
-- that was seen would not do: of two loads at once, the one that began first may end last.
touched_hours as (
    select
    {%- if is_incremental() %}
        coalesce(hours.hour, seen.hour) as hour,
        coalesce(hours.event_type, seen.event_type) as event_type,
        coalesce(hours.event_count, 0) as event_count,
        hours.load_checksum
    from hours
    full outer join {{ this }} as seen on hours.hour = seen.hour and hours.event_type = seen.event_type
    where
        hours.event_count is distinct from seen.event_count
        or hours.load_checksum is distinct from seen.load_checksum
    {%- else %}
        hours.*
    from hours
    {%- endif %}
),

counted as (
    select
        events.hour,
        events.event_type,
        count(distinct events.user_id) as unique_users
    from events
    inner join touched_hours on events.hour = touched_hours.hour and events.event_type = touched_hours.event_type
    group by events.hour, events.event_type
),

-- An hour that lost its last event comes with a count of 0, and goes once it has replaced the old one.
rolled_up as (
    select
        touched_hours.hour,
        touched_hours.event_type,
        touched_hours.event_count,
        coalesce(counted.unique_users, 0) as unique_users,
        coalesce(touched_hours.load_checksum, 0) as load_checksum
    from touched_hours
    left join counted on touched_hours.hour = counted.hour and touched_hours.event_type = counted.event_type
)

select * from rolled_up
