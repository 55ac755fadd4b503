-- An amount is only converted if the line is in another currency, and then in one step from its own rate.
select
    order_lines.transaction_id,
    order_lines.currency,
    order_lines.original_amount,
    order_lines.amount
from {{ ref('order_lines') }} as order_lines
cross join {{ ref('int_reporting_currency') }} as reporting_currencies
left join {{ ref('int_daily_rates') }} as daily_rates
    on order_lines.currency = daily_rates.currency and order_lines.transaction_date = daily_rates.transaction_date
where
    (order_lines.currency = reporting_currencies.currency and order_lines.amount <> order_lines.original_amount)
    or (order_lines.currency <> reporting_currencies.currency and daily_rates.rate_date is null)
