-- No accepted line up to the as-of date is lost or doubled on its way into the marts, nor any digit of its amount.
with accepted as (
    select
        count(*) as line_count,
        sum(transactions.amount) as amount,
        sum(transactions.quantity) as quantity
    from {{ ref('int_source_transactions') }} as transactions
    inner join {{ ref('int_as_of_date') }} as as_of_dates
        on {{ local_date('transactions.transacted_at') }} <= as_of_dates.as_of_date
    where transactions.exclusion_reason is null
),

delivered as (
    select
        count(*) as line_count,
        sum(amount) as amount,
        sum(quantity) as quantity
    from {{ ref('order_lines') }}
)

select
    accepted.line_count as accepted_line_count,
    delivered.line_count as delivered_line_count,
    accepted.amount as accepted_amount,
    delivered.amount as delivered_amount
from accepted
cross join delivered
where
    accepted.line_count is distinct from delivered.line_count
    or accepted.amount is distinct from delivered.amount
    or accepted.quantity is distinct from delivered.quantity
