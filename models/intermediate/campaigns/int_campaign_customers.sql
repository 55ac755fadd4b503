with campaigns as (
    select * from {{ ref('int_campaigns') }}
),

members as (
    select * from {{ ref('int_campaign_members') }}
),

order_days as (
    select * from {{ ref('int_order_days') }}
    where customer_id <> '(unknown)'
),

uncontrolled as (
    select campaign_id
    from members
    group by campaign_id
    having min(is_treated) = 1
),

-- Only where nobody was held out, others are looked at, if they had bought before.
others as (
    select distinct
        campaigns.campaign_id,
        order_days.customer_id
    from campaigns
    inner join uncontrolled on campaigns.campaign_id = uncontrolled.campaign_id
    inner join order_days
        on
            campaigns.compared_from <= order_days.transaction_date
            and campaigns.starts_on > order_days.transaction_date
            and order_days.order_type = 'purchase'
    left join members
        on campaigns.campaign_id = members.campaign_id and order_days.customer_id = members.customer_id
    where members.customer_id is null
),

listed as (
    select
        campaign_id,
        customer_id,
        case is_treated when 1 then 'treated' else 'control' end as role
    from members
    union all
    select
        campaign_id,
        customer_id,
        'other' as role
    from others
),

-- NULL for those who bought nothing.
marked as (
    select
        listed.campaign_id,
        listed.customer_id,
        listed.role,
        order_days.transaction_date < campaigns.starts_on as is_before,
        order_days.transaction_date >= campaigns.starts_on as is_after,
        order_days.net_revenue,
        case when order_days.order_type = 'purchase' then 1 else 0 end as purchases
    from listed
    inner join campaigns on listed.campaign_id = campaigns.campaign_id
    left join order_days
        on
            listed.customer_id = order_days.customer_id
            and order_days.transaction_date between campaigns.compared_from and campaigns.observed_until
),

summed as (
    select
        campaign_id,
        customer_id,
        role,
        sum(case when is_after then net_revenue else 0 end) as revenue,
        sum(case when is_after then purchases else 0 end) as orders,
        max(case when is_after then purchases else 0 end) as buyers,
        sum(case when is_before then net_revenue else 0 end) as revenue_before,
        sum(case when is_before then purchases else 0 end) as orders_before,
        max(case when is_before then purchases else 0 end) as buyers_before
    from marked
    group by campaign_id, customer_id, role
)

select * from summed
