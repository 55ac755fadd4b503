-- The history has as many users at the end of a day as the sums of moves: at the ends of months and on the last day.
with days as (
    select
        day,
        stage,
        users,
        cast({{ dbt.dateadd('day', 1, 'day') }} as date) as next_day,
        max(day) over () as last_day
    from {{ ref('journey_daily_stages') }}
),

chosen as (
    select
        day,
        stage,
        users,
        {{ start_of_day('next_day') }} as ends_at
    from days
    where day = last_day or extract(day from next_day) = 1
),

counted as (
    select
        chosen.day,
        history.stage,
        count(*) as users
    from chosen
    inner join {{ ref('journey_stage_history') }} as history
        on
            chosen.stage = history.stage
            and chosen.ends_at > history.valid_from
            and (history.valid_to is null or chosen.ends_at <= history.valid_to)
    group by chosen.day, history.stage
)

select
    chosen.day,
    chosen.stage,
    chosen.users,
    counted.users as history_users
from chosen
left join counted on chosen.day = counted.day and chosen.stage = counted.stage
where chosen.users is distinct from coalesce(counted.users, 0)
