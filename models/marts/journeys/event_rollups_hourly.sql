with events as (
    select
        event_type,
        user_id,
        {{ local_hour('event_time') }} as hour
    from {{ ref('stg_journey__events') }}
    where {{ is_accepted(local_date('event_time')) }}
),

counted as (
    select
        hour,
        event_type,
        count(*) as event_count,
        count(distinct user_id) as unique_users
    from events
    group by hour, event_type
)

select * from counted
