with transactions as (
    select * from {{ ref('int_source_transactions') }}
    where exclusion_reason is null
),

replaced_transactions as (
    select * from {{ ref('stg_loader__replaced_transactions') }}
),

reporting_currencies as (
    select * from {{ ref('int_reporting_currency') }}
),

exchange_rates as (
    select * from {{ ref('int_exchange_rates') }}
),

versions as (
    select
        currency,
        transacted_at,
        1 as line
    from transactions
    union all
    select
        currency,
        transacted_at,
        0 as line
    from replaced_transactions
),

foreign_days as (
    select
        versions.currency,
        {{ local_date('versions.transacted_at') }} as transaction_date,
        sum(versions.line) as line_count
    from versions
    inner join reporting_currencies on versions.currency <> reporting_currencies.currency
    group by versions.currency, {{ local_date('versions.transacted_at') }}
),

events as (
    select
        currency,
        transaction_date,
        line_count,
        cast(null as date) as rate_date
    from foreign_days
    union all
    select
        currency,
        rate_date as transaction_date,
        null as line_count,
        rate_date
    from exchange_rates
),

-- Without a frame, the window includes all rows of the day, and so the day's own rate.
dated as (
    select
        currency,
        transaction_date,
        line_count,
        max(rate_date) over (partition by currency order by transaction_date) as rate_date
    from events
),

rated as (
    select
        dated.currency,
        dated.transaction_date,
        dated.rate_date,
        case when {{ is_accepted('dated.transaction_date') }} then dated.line_count else 0 end as line_count,
        exchange_rates.currency_units,
        exchange_rates.reporting_units
    from dated
    left join exchange_rates
        on dated.currency = exchange_rates.currency and dated.rate_date = exchange_rates.rate_date
    where dated.line_count is not null
)

select * from rated
