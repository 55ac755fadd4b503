-- Month on month, both marts mean the same by new, returning, resurrected and lost (dormant).
with buyers as (
    select
        period_from,
        max(case when driver = 'new_buyers' then buyers end) as new_customers,
        max(case when driver = 'orders_per_buyer' then buyers end) as returning_customers,
        max(case when driver = 'resurrected_buyers' then buyers end) as resurrected_customers,
        max(case when driver = 'lost_buyers' then buyers end) as dormant_customers
    from {{ ref('revenue_drivers') }}
    where period = 'month'
    group by period_from
)

select
    buyers.*,
    lifecycle.month
from buyers
left join {{ ref('customer_lifecycle') }} as lifecycle on buyers.period_from = lifecycle.month
where
    buyers.new_customers is distinct from lifecycle.new_customers
    or buyers.returning_customers is distinct from lifecycle.returning_customers
    or buyers.resurrected_customers is distinct from lifecycle.resurrected_customers
    or buyers.dormant_customers is distinct from lifecycle.dormant_customers
