-- Who bought in a month is counted from orders there and from customers here.
select
    sales.sales_month,
    sales.unique_customers,
    lifecycle.active_customers
from {{ ref('monthly_sales') }} as sales
full outer join {{ ref('customer_lifecycle') }} as lifecycle on sales.sales_month = lifecycle.month
where sales.unique_customers is distinct from lifecycle.active_customers
