with stage_changes as (
    select * from {{ ref('int_journey_stages') }}
),

as_of_dates as (
    select * from {{ ref('int_journey_as_of_date') }}
),

moves as (
    select {{ local_date('valid_from') }} as day, stage, 1 as entered, 0 as left_count
    from stage_changes
    union all
    select {{ local_date('valid_from') }} as day, stage_before as stage, 0 as entered, 1 as left_count
    from stage_changes
    where stage_before is not null
),

summed as (
    select
        day,
        stage,
        sum(entered) as entered,
        sum(left_count) as left_count
    from moves
    group by day, stage
),

first_days as (
    select min(day) as first_day
    from summed
),

calendar as (
    {{ days_listed('first_days cross join as_of_dates', 'first_days.first_day', 'as_of_dates.as_of_date', 'day') }}
),

stages as (
    select 'lead' as stage
    union all
    select 'prospect' as stage
    union all
    select 'customer' as stage
    union all
    select 'churned' as stage
),

filled as (
    select
        calendar.day,
        stages.stage,
        coalesce(summed.entered, 0) as entered,
        coalesce(summed.left_count, 0) as left_count
    from calendar
    cross join stages
    left join summed on calendar.day = summed.day and stages.stage = summed.stage
),

accumulated as (
    select
        day,
        stage,
        cast(sum(entered - left_count) over (
            partition by stage order by day rows between unbounded preceding and current row
        ) as bigint) as users,
        cast(entered as bigint) as entered,
        cast(left_count as bigint) as {{ adapter.quote('left') }}
    from filled
)

select * from accumulated
