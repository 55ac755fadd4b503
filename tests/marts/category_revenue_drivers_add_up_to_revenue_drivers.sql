-- The drivers of each category add up to its change, and all categories to the revenue and the change of all.
with categories as (
    select
        period,
        period_from,
        category,
        min(base_revenue) as base_revenue,
        min(revenue) as revenue,
        sum(amount) as amount
    from {{ ref('category_revenue_drivers') }}
    group by period, period_from, category
),

summed as (
    select
        period,
        period_from,
        sum(base_revenue) as base_revenue,
        sum(revenue) as revenue,
        sum(case when base_revenue + amount is distinct from revenue then 1 else 0 end) as wrong_categories
    from categories
    group by period, period_from
),

pairs as (
    select distinct
        period,
        period_from,
        base_revenue,
        revenue
    from {{ ref('revenue_drivers') }}
)

select
    pairs.period,
    pairs.period_from,
    pairs.base_revenue,
    pairs.revenue,
    summed.base_revenue as categories_base_revenue,
    summed.revenue as categories_revenue,
    summed.wrong_categories
from pairs
full outer join summed on pairs.period = summed.period and pairs.period_from = summed.period_from
where
    coalesce(summed.base_revenue, 0) is distinct from pairs.base_revenue
    or coalesce(summed.revenue, 0) is distinct from pairs.revenue
    or summed.wrong_categories > 0
