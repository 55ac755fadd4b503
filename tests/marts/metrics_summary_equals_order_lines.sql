-- The headline numbers come from sums of sums; the lines themselves must give the same.
with lines as (
    select
        count(*) as total_transactions,
        round(coalesce(sum(amount), 0), 2) as total_revenue
    from {{ ref('order_lines') }}
),

customers as (
    select count(*) as total_customers
    from {{ ref('customer_metrics') }}
    where customer_id <> '(unknown)'
)

select
    summary.total_customers,
    customers.total_customers as counted_customers,
    summary.total_transactions,
    lines.total_transactions as counted_transactions,
    summary.total_revenue,
    lines.total_revenue as summed_revenue
from {{ ref('metrics_summary') }} as summary
cross join lines
cross join customers
where
    summary.total_transactions is distinct from lines.total_transactions
    or summary.total_revenue is distinct from lines.total_revenue
    or summary.total_customers is distinct from customers.total_customers
