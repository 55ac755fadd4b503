-- The cohorts have the lines of their customers since the cohort month, and leave out only what the description says.
with lines as (
    select
        lines.amount,
        cast({{ dbt.date_trunc('month', 'lines.transaction_date') }} as date) as calendar_month,
        cast({{ dbt.date_trunc('month', 'customers.first_purchase_date') }} as date) as cohort_month
    from {{ ref('order_lines') }} as lines
    inner join {{ ref('customer_metrics') }} as customers on lines.customer_id = customers.customer_id
    where customers.purchase_count > 0 and customers.customer_id <> '(unknown)'
),

line_totals as (
    select
        cohort_month,
        calendar_month,
        round(sum(amount), 2) as net_revenue
    from lines
    where calendar_month >= cohort_month
    group by cohort_month, calendar_month
)

select
    cells.cohort_month,
    cells.calendar_month,
    cells.net_revenue,
    line_totals.net_revenue as lines_net_revenue
from {{ ref('cohort_retention') }} as cells
full outer join line_totals
    on
        cells.cohort_month = line_totals.cohort_month
        and cells.calendar_month = line_totals.calendar_month
where
    cells.cohort_month is null
    or (cells.is_complete and cells.net_revenue is distinct from coalesce(line_totals.net_revenue, 0))
