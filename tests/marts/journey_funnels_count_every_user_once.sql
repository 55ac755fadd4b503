-- Every user is in one month, and the plans of a month add up to it.
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
    funnels.leads is distinct from months.users
    or funnels.leads is distinct from plans.leads
    or funnels.prospects is distinct from plans.prospects
    or funnels.customers is distinct from plans.customers
    or funnels.churned is distinct from plans.churned
    or funnels.returned is distinct from plans.returned
