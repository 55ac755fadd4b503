with members as (
    select * from {{ ref('int_campaign_members') }}
),

counted as (
    select
        campaign_id,
        count(*) as members,
        sum(1 - is_treated) as control_customers,
        cast(avg(expected_control_share) as {{ type_double() }}) as expected_control_share,
        count(*) * cast(avg(expected_control_share) as {{ type_double() }}) as expected_control_customers
    from members
    group by campaign_id
),

-- Pearson's statistic of both groups, with one degree of freedom. NULL if no share, or none of a group, was planned.
compared as (
    select
        campaign_id,
        expected_control_share,
        (control_customers - expected_control_customers) * (control_customers - expected_control_customers)
        / nullif(expected_control_customers * (1 - expected_control_share), 0) as chi_square
    from counted
)

select * from compared
