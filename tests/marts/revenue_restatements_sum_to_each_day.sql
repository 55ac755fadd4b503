-- Whatever happened to a day, its ledger ends at the current lines, to the last digit; daily_sales rounds them. A day
-- that lost all its lines may be outside the calendar of daily_sales.
with restated as (
    select
        sales_date,
        sum(net_change) as net_revenue,
        sum(transaction_count_change) as transaction_count
    from {{ ref('revenue_restatements') }}
    group by sales_date
),

order_days as (
    select
        transaction_date,
        sum(net_revenue) as net_revenue,
        sum(transaction_count) as transaction_count
    from {{ ref('int_order_days') }}
    group by transaction_date
)

select
    daily_sales.sales_date,
    restated.sales_date as restated_date,
    restated.net_revenue as restated_net_revenue,
    order_days.net_revenue
from {{ ref('daily_sales') }} as daily_sales
left join order_days on daily_sales.sales_date = order_days.transaction_date
full outer join restated on daily_sales.sales_date = restated.sales_date
-- A day outside the calendar is in the ledger if its lines were removed.
where
    coalesce(restated.net_revenue, 0) is distinct from coalesce(order_days.net_revenue, 0)
    or coalesce(restated.transaction_count, 0) is distinct from coalesce(daily_sales.transaction_count, 0)
    or abs(coalesce(restated.net_revenue, 0) - coalesce(daily_sales.net_revenue, 0)) > 0.01
