with months as (
    select
        month,
        returning_customers,
        dormant_customers,
        coalesce(lag(active_customers) over (order by month), 0) as active_customers_before
    from {{ ref('customer_lifecycle') }}
)

select *
from months
where dormant_customers is distinct from active_customers_before - returning_customers
