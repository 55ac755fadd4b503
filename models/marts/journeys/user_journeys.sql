with stage_changes as (
    select * from {{ ref('int_journey_stages') }}
),

user_plans as (
    select * from {{ ref('int_user_plans') }}
),

current_stages as (
    select * from {{ ref('journey_stage_history') }}
    where is_current
),

-- A user who pays has become a prospect on the way, with the payment at the latest.
summed as (
    select
        user_id,
        min(valid_from) as signed_up_at,
        min(case when stage in ('prospect', 'customer') then valid_from end) as first_prospect_at,
        min(case when stage = 'customer' then valid_from end) as first_customer_at,
        min(case when stage = 'churned' then valid_from end) as first_churned_at,
        min(case when stage = 'churned' and stage_before = 'customer' then valid_from end) as first_customer_churned_at,
        min(case when stage = 'customer' and stage_before = 'churned' then valid_from end) as first_returned_at
    from stage_changes
    group by user_id
),

dated as (
    select
        *,
        {{ local_date('signed_up_at') }} as signup_date,
        {{ local_date('first_prospect_at') }} as prospect_date,
        {{ local_date('first_customer_at') }} as customer_date,
        {{ local_date('first_customer_churned_at') }} as churn_date
    from summed
),

measured as (
    select
        *,
        {{ dbt.datediff('signup_date', 'prospect_date', 'day') }}
            as days_to_prospect,
        {{ dbt.datediff('prospect_date', 'customer_date', 'day') }}
            as days_prospect_to_customer,
        {{ dbt.datediff('signup_date', 'customer_date', 'day') }}
            as days_to_customer,
        {{ dbt.datediff('customer_date', 'churn_date', 'day') }}
            as days_customer_to_churned
    from dated
),

finished as (
    select
        measured.user_id,
        measured.signed_up_at,
        cast({{ dbt.date_trunc('month', 'measured.signup_date') }} as date) as signup_month,
        coalesce(
            user_plans.plan_id, case when measured.first_prospect_at is null then '(none)' else '(unknown)' end
        ) as plan_id,
        user_plans.plan_name,
        current_stages.stage as current_stage,
        current_stages.valid_from as current_stage_since,
        measured.first_prospect_at,
        measured.first_customer_at,
        measured.first_churned_at,
        measured.first_customer_churned_at,
        measured.first_returned_at,
        measured.days_to_prospect,
        measured.days_prospect_to_customer,
        measured.days_to_customer,
        measured.days_customer_to_churned
    from measured
    left join user_plans on measured.user_id = user_plans.user_id
    left join current_stages on measured.user_id = current_stages.user_id
)

select * from finished
