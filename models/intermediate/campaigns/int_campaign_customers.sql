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

marked as (
    select
        campaigns.campaign_id,
        order_days.customer_id,
        order_days.transaction_date >= campaigns.starts_on as is_after,
        order_days.net_revenue,
        case when order_days.order_type = 'purchase' then 1 else 0 end as purchases
    from campaigns
    inner join order_days
        on order_days.transaction_date between campaigns.compared_from and campaigns.observed_until
),

summed as (
    select
        campaign_id,
        customer_id,
        sum(case when is_after then net_revenue else 0 end) as revenue,
        sum(case when is_after then purchases else 0 end) as orders,
        max(case when is_after then purchases else 0 end) as buyers,
        sum(case when is_after then 0 else net_revenue end) as revenue_before,
        sum(case when is_after then 0 else purchases end) as orders_before,
        max(case when is_after then 0 else purchases end) as buyers_before
    from marked
    group by campaign_id, customer_id
),

-- Members count whether they bought or not; others only where nobody was held out, and if they had bought before.
compared as (
    select
        coalesce(members.campaign_id, summed.campaign_id) as campaign_id,
        coalesce(members.customer_id, summed.customer_id) as customer_id,
        case members.is_treated when 1 then 'treated' when 0 then 'control' else 'other' end as role,
        coalesce(summed.revenue, 0) as revenue,
        coalesce(summed.orders, 0) as orders,
        coalesce(summed.buyers, 0) as buyers,
        coalesce(summed.revenue_before, 0) as revenue_before,
        coalesce(summed.orders_before, 0) as orders_before,
        coalesce(summed.buyers_before, 0) as buyers_before
    from summed
    full outer join members
        on summed.campaign_id = members.campaign_id and summed.customer_id = members.customer_id
    left join uncontrolled on summed.campaign_id = uncontrolled.campaign_id
    where members.campaign_id is not null or (uncontrolled.campaign_id is not null and summed.orders_before > 0)
)

select * from compared
