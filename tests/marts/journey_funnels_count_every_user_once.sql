-- Every user is in one month, and the cut by plan divides each month without loss.
with months as (
    select
        signup_month,
        count(*) as users
    from {{ ref('user_journeys') }}
    group by signup_month
),

plans as (
    select
        signup_month,
        sum(leads) as leads,
        sum(prospects) as prospects,
        sum(customers) as customers,
        sum(churned) as churned,
        sum(returned) as returned
    from {{ ref('journey_plan_funnels') }}
    group by signup_month
)

select
    months.signup_month,
    months.users,
    funnels.leads,
    plans.leads as leads_by_plan
from months
full outer join {{ ref('journey_funnels') }} as funnels on months.signup_month = funnels.signup_month
full outer join plans on months.signup_month = plans.signup_month
where
    {{ differs('funnels.leads', 'months.users') }}
    or {{ differs('funnels.leads', 'plans.leads') }}
    or {{ differs('funnels.prospects', 'plans.prospects') }}
    or {{ differs('funnels.customers', 'plans.customers') }}
    or {{ differs('funnels.churned', 'plans.churned') }}
    or {{ differs('funnels.returned', 'plans.returned') }}
