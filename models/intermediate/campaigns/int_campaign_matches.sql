with campaign_customers as (
    select * from {{ ref('int_campaign_customers') }}
    where role <> 'control' and orders_before > 0
),

-- Customers are alike if they are in the same fifths by revenue and by orders in the period before.
scored as (
    select
        *,
        {{ quintile_score('revenue_before', within='campaign_id') }} as revenue_fifth,
        {{ quintile_score('orders_before', within='campaign_id') }} as orders_fifth
    from campaign_customers
),

celled as (
    select
        campaign_id,
        revenue_fifth,
        orders_fifth,
        sum(case when role = 'treated' then 1 else 0 end) as treated_customers,
        sum(case when role = 'other' then 1 else 0 end) as other_customers,
        sum(case when role = 'treated' then revenue else 0 end) as treated_revenue,
        sum(case when role = 'other' then revenue else 0 end) as other_revenue,
        sum(case when role = 'treated' then orders else 0 end) as treated_orders,
        sum(case when role = 'other' then orders else 0 end) as other_orders,
        sum(case when role = 'treated' then buyers else 0 end) as treated_buyers,
        sum(case when role = 'other' then buyers else 0 end) as other_buyers
    from scored
    group by campaign_id, revenue_fifth, orders_fifth
)

select * from celled
where treated_customers > 0 and other_customers > 0
