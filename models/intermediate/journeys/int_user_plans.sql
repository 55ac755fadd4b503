with facts as (
    select * from {{ ref('int_journey_facts') }}
),

shops as (
    select * from {{ ref('stg_journey__shops') }}
),

plans as (
    select * from {{ ref('stg_journey__plans') }}
),

as_of_dates as (
    select * from {{ ref('int_journey_as_of_date') }}
),

-- The log's plan at that time comes before the table's, which is only the current one.
planned as (
    select
        facts.user_id,
        facts.fact_time,
        facts.fact_id,
        coalesce(facts.plan_id, shops.plan_id) as plan_id
    from facts
    inner join as_of_dates on {{ local_date('facts.fact_time') }} <= as_of_dates.as_of_date
    left join shops on facts.shop_id = shops.shop_id
    where facts.meaning in ('shop_created', 'plan_changed') and facts.user_id is not null
),

ranked as (
    select
        *,
        row_number() over (partition by user_id order by fact_time, fact_id) as plan_rank
    from planned
    where plan_id is not null
),

chosen as (
    select
        ranked.user_id,
        ranked.plan_id,
        plans.plan_name
    from ranked
    left join plans on ranked.plan_id = plans.plan_id
    where ranked.plan_rank = 1
)

select * from chosen
