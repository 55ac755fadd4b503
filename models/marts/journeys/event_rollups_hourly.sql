{{
    config(
        materialized=kept_materialization(),
        on_schema_change='fail',
        post_hook='{% if is_incremental() %}delete from {{ this }} where event_count = 0{% endif %}',
    )
}}

with events as (
    select
        event_type,
        user_id,
        {{ version_hash('event_id', '_load_id') }} as version_hash,
        {{ local_hour('event_time') }} as hour
    from {{ ref('stg_journey__events') }}
    where
        {{ pinned_as_of_date() }} is null
        or {{ local_date('event_time') }} <= {{ pinned_as_of_date() }}
),

{% if is_incremental() %}
    seen as (
        select * from {{ this }}
    ),

    checksums as (
        select
            hour,
            event_type,
            count(*) as event_count,
            sum(version_hash) as load_checksum
        from events
        group by hour, event_type
    ),

    -- A new, late, corrected or taken back event shows in the number of events or in the sum of their hashes. The
    -- highest load that was seen would not do: of two loads at once, the one that began first may end last, and what an
    -- undone load replaced is again as an earlier one wrote it.
    touched as (
        select
            coalesce(checksums.hour, seen.hour) as hour,
            coalesce(checksums.event_type, seen.event_type) as event_type
        from checksums
        full outer join seen on checksums.hour = seen.hour and checksums.event_type = seen.event_type
        where
            {{ differs('checksums.event_count', 'seen.event_count') }}
            or {{ differs('checksums.load_checksum', 'seen.load_checksum') }}
    ),
{% endif %}

counted as (
    select
        events.hour,
        events.event_type,
        count(*) as event_count,
        count(distinct events.user_id) as unique_users,
        sum(events.version_hash) as load_checksum
    from events
    {% if is_incremental() %}
        inner join touched on events.hour = touched.hour and events.event_type = touched.event_type
    {% endif %}
    group by events.hour, events.event_type
    {% if is_incremental() %}
        union all
        -- An hour that lost its last event comes with a count of 0, and goes once it has replaced the old one.
        select
            hour,
            event_type,
            0 as event_count,
            0 as unique_users,
            0 as load_checksum
        from touched
    {% endif %}
),

rolled_up as (
    select
        hour,
        event_type,
        cast(sum(event_count) as bigint) as event_count,
        cast(sum(unique_users) as bigint) as unique_users,
        cast(sum(load_checksum) as bigint) as load_checksum
    from counted
    group by hour, event_type
)

select * from rolled_up
