-- No accepted line up to the as-of date is lost or doubled on its way into the marts, nor any digit of its amount. Only
-- lines in a currency without an exchange rate are left out.
with unconverted as (
    select transaction_id from {{ ref('int_unconverted_lines') }}
),

accepted as (
    select
        coalesce(transactions.currency, reporting_currencies.currency) as currency,
        count(*) as line_count,
        sum(transactions.amount) as amount,
        sum(
            case when transactions.amount < 0 then -abs(transactions.quantity) else transactions.quantity end
        ) as quantity
    from {{ ref('int_source_transactions') }} as transactions
    inner join {{ ref('int_as_of_date') }} as as_of_dates
        on {{ local_date('transactions.transacted_at') }} <= as_of_dates.as_of_date
    cross join {{ ref('int_reporting_currency') }} as reporting_currencies
    left join unconverted on transactions.transaction_id = unconverted.transaction_id
    where transactions.exclusion_reason is null and unconverted.transaction_id is null
    group by coalesce(transactions.currency, reporting_currencies.currency)
),

delivered as (
    select
        currency,
        count(*) as line_count,
        sum(original_amount) as amount,
        sum(quantity) as quantity
    from {{ ref('order_lines') }}
    group by currency
)

select
    accepted.line_count as accepted_line_count,
    delivered.line_count as delivered_line_count,
    accepted.amount as accepted_amount,
    delivered.amount as delivered_amount
from accepted
full outer join delivered on accepted.currency = delivered.currency
where
    accepted.line_count is distinct from delivered.line_count
    or accepted.amount is distinct from delivered.amount
    or accepted.quantity is distinct from delivered.quantity
