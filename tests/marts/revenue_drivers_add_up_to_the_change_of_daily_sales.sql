-- The drivers of each pair of periods lead from the revenue of the base to that of the later period, to the cent.
with pairs as (
    select
        period,
        period_from,
        period_to,
        base_from,
        base_to,
        min(base_revenue) as base_revenue,
        min(revenue) as revenue,
        sum(amount) as amount
    from {{ ref('revenue_drivers') }}
    group by period, period_from, period_to, base_from, base_to
),

summed as (
    select
        pairs.period,
        pairs.period_from,
        pairs.base_revenue,
        pairs.amount,
        pairs.revenue,
        sum(case when days.sales_date between pairs.base_from and pairs.base_to then days.net_revenue else 0 end)
            as base_net_revenue,
        sum(case when days.sales_date between pairs.period_from and pairs.period_to then days.net_revenue else 0 end)
            as net_revenue
    from pairs
    cross join {{ ref('daily_sales') }} as days
    group by pairs.period, pairs.period_from, pairs.base_revenue, pairs.amount, pairs.revenue
)

select * from summed
where
    base_revenue is distinct from base_net_revenue
    or revenue is distinct from net_revenue
    or base_revenue + amount is distinct from revenue
