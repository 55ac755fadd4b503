with events as (
    select * from {{ ref('stg_journey__events') }}
),

table_facts as (
    select * from {{ ref('int_journey_table_facts') }}
),

latest as (
    select max(event_time) as latest_at from events
    union all
    select max(fact_time) as latest_at from table_facts
),

resolved as (
    select coalesce({{ pinned_as_of_date() }}, {{ local_date('max(latest_at)') }}) as as_of_date
    from latest
)

select * from resolved
