-- No day is missing, users = users of the day before + entered - left, and what leaves one stage enters another.
with compared as (
    select
        day,
        stage,
        users,
        entered,
        "left" as left_count,
        lag(day) over (partition by stage order by day) as day_before,
        coalesce(lag(users) over (partition by stage order by day), 0) as users_before,
        sum(users) over (partition by day) as all_users,
        sum(entered - "left") over (order by day) as arrived_users,
        count(*) over (partition by day) as stage_count
    from {{ ref('journey_daily_stages') }}
)

select *
from compared
where
    day is distinct from coalesce(cast({{ dbt.dateadd('day', 1, 'day_before') }} as date), day)
    or users is distinct from users_before + entered - left_count
    or all_users is distinct from arrived_users
    or stage_count <> 4
