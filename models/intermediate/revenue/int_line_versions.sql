{{ config(materialized='view') }}

with transactions as (
    select * from {{ ref('int_source_transactions') }}
    where exclusion_reason is null
),

replaced_transactions as (
    select * from {{ ref('stg_loader__replaced_transactions') }}
),

daily_rates as (
    select * from {{ ref('int_daily_rates') }}
),

united as (
    select
        transaction_id,
        _load_id,
        cast(null as bigint) as _replaced_by,
        cast(null as bigint) as _restored_by,
        currency,
        amount,
        {{ local_date('transacted_at') }} as sales_date
    from transactions
    union all
    select
        transaction_id,
        _load_id,
        _replaced_by,
        _restored_by,
        currency,
        amount,
        {{ local_date('transacted_at') }} as sales_date
    from replaced_transactions
),

converted as (
    select
        united.transaction_id,
        united._load_id,
        united._replaced_by,
        united._restored_by,
        case
            when daily_rates.currency is null then united.amount
            else {{ converted_amount('united.amount', 'daily_rates.reporting_units', 'daily_rates.currency_units') }}
        end as amount,
        united.sales_date
    from united
    left join daily_rates
        on united.currency = daily_rates.currency and united.sales_date = daily_rates.transaction_date
    where daily_rates.currency is null or daily_rates.rate_date is not null
)

select * from converted
