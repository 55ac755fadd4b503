with facts as (
    select * from {{ ref('int_journey_facts') }}
),

lapses as (
    select * from {{ ref('int_lapsed_invoices') }}
),

event_types as (
    select * from {{ ref('journey_event_types') }}
),

as_of_dates as (
    select * from {{ ref('int_journey_as_of_date') }}
),

-- Most facts only confirm that a user has a shop; the first of them and the creations of shops change something.
first_proofs as (
    select
        user_id,
        min(fact_time) as proven_at
    from facts
    where stage = 'prospect' and user_id is not null
    group by user_id
),

known as (
    select
        facts.user_id,
        facts.shop_id,
        facts.fact_id,
        facts.fact_time,
        facts.meaning,
        facts.stage
    from facts
    inner join as_of_dates on {{ local_date('facts.fact_time') }} <= as_of_dates.as_of_date
    left join first_proofs on facts.user_id = first_proofs.user_id
    where
        facts.user_id is not null
        and (
            facts.stage in ('lead', 'customer', 'churned')
            or facts.meaning = 'shop_created'
            or facts.fact_time = first_proofs.proven_at
        )
    union all
    select
        lapses.user_id,
        lapses.shop_id,
        lapses.fact_id,
        lapses.fact_time,
        event_types.meaning,
        event_types.stage
    from lapses
    inner join event_types on event_types.event_type = 'invoices.lapsed'
    where event_types.stage is not null
)

select * from known
