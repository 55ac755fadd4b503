with user_journeys as (
    select * from {{ ref('user_journeys') }}
),

months as (
    select * from {{ ref('journey_funnels') }}
),

summed as (
    select
        signup_month,
        plan_id,
        max(plan_name) as plan_name,
        {{ journey_funnel_measures() }}
    from user_journeys
    group by signup_month, plan_id
),

flagged as (
    select
        summed.*,
        months.is_complete
    from summed
    left join months on summed.signup_month = months.signup_month
)

select * from flagged
