-- The live view finds customer, product and category of the shop's lines on its own; in the last week it must agree
-- with the build. Only the build knows what other sources say about a customer.
with as_of_dates as (
    select cast({{ dbt.dateadd('day', -7, 'as_of_date') }} as date) as first_date
    from {{ ref('int_as_of_date') }}
),

order_lines as (
    select
        lines.transaction_id,
        lines.customer_id,
        lines.product_id,
        lines.category,
        lines.amount
    from {{ ref('order_lines') }} as lines
    inner join {{ source('shop', 'transactions') }} as shop_lines
        on lines.transaction_id = shop_lines.transaction_id
    where lines.transaction_date > (select as_of_dates.first_date from as_of_dates)
),

latest_transactions as (
    select
        latest.transaction_id,
        coalesce(customer_emails.customer_id, latest.customer_id) as customer_id,
        latest.product_id,
        latest.category,
        latest.amount
    from {{ ref('latest_transactions') }} as latest
    left join {{ ref('int_customer_emails') }} as customer_emails
        on latest.customer_id = customer_emails.email_customer_id
    where {{ local_date('latest.transacted_at') }} > (select as_of_dates.first_date from as_of_dates)
)

select
    order_lines.transaction_id as order_lines_id,
    latest_transactions.transaction_id as latest_transactions_id
from order_lines
full outer join latest_transactions on order_lines.transaction_id = latest_transactions.transaction_id
where
    order_lines.customer_id is distinct from latest_transactions.customer_id
    or order_lines.product_id is distinct from latest_transactions.product_id
    or order_lines.category is distinct from latest_transactions.category
    or order_lines.amount is distinct from latest_transactions.amount
