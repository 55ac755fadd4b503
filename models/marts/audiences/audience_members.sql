{#- To add an audience, write its model next to this one and its name here. -#}
{%- set audiences = [
    'late_champions',
    'due_for_second_order',
    'at_risk_by_value',
    'new_to_category',
    'purchase_anniversaries',
] -%}

with refusals as (
    select * from {{ ref('int_contact_refusals') }}
),

as_of_dates as (
    select * from {{ ref('int_as_of_date') }}
),

members as (
    {% for audience in audiences %}
        {%- set share = audience_hold_out_share(audience) | float %}
        {%- set further_days = audience_valid_days(audience) | int - 1 %}
        select
            '{{ audience }}' as audience,
            customer_id,
            entered_on,
            cast({{ dbt.dateadd('day', further_days, 'entered_on') }} as date) as valid_until,
            reason,
            cast({{ share }} as numeric(9, 6)) as hold_out_share,
            {{ is_held_out(audience, 'customer_id', share) }} as is_held_out
        from {{ ref(audience) }}
        {{ 'union all' if not loop.last }}
    {% endfor %}
),

current_members as (
    select
        members.audience,
        members.customer_id,
        members.entered_on,
        members.valid_until,
        members.reason,
        case when members.is_held_out then 'hold-out' else 'treated' end as assignment,
        members.hold_out_share,
        refusals.customer_id is null as may_be_contacted,
        as_of_dates.as_of_date
    from members
    inner join as_of_dates on as_of_dates.as_of_date between members.entered_on and members.valid_until
    left join refusals on members.customer_id = refusals.customer_id
    where members.customer_id <> '(unknown)'
)

select * from current_members
