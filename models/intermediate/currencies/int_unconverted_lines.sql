{{ config(materialized='view') }}

with transactions as (
    select * from {{ ref('int_source_transactions') }}
    where exclusion_reason is null
),

missing_rates as (
    select * from {{ ref('int_daily_rates') }}
    where rate_date is null
),

unconverted as (
    select
        transactions.transaction_id,
        transactions.currency,
        transactions.quantity,
        transactions.amount,
        missing_rates.transaction_date
    from transactions
    inner join missing_rates
        on
            transactions.currency = missing_rates.currency
            and {{ local_date('transactions.transacted_at') }} = missing_rates.transaction_date
    where {{ is_accepted('missing_rates.transaction_date') }}
)

select * from unconverted
