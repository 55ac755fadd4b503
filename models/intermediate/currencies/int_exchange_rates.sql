with reporting_currencies as (
    select * from {{ ref('int_reporting_currency') }}
),

shop_rates as (
    select * from {{ ref('stg_shop__exchange_rates') }}
),

ecb_rates as (
    select * from {{ ref('stg_ecb__rates') }}
),

numbered_rates as (
    select
        currency,
        rate_date,
        rate,
        row_number() over (partition by currency, rate_date order by _load_id desc, _line desc) as place
    from shop_rates
    where rate > 0
),

own_rates as (
    select
        currency,
        rate_date,
        1 as currency_units,
        rate as reporting_units
    from numbered_rates
    where place = 1
),

euro_rates as (
    select
        currency,
        rate_date,
        rate
    from ecb_rates
    union all
    select
        'EUR' as currency,
        rate_date,
        1 as rate
    from ecb_rates
    group by rate_date
),

reporting_rates as (
    select
        euro_rates.rate_date,
        euro_rates.rate
    from euro_rates
    inner join reporting_currencies on euro_rates.currency = reporting_currencies.currency
),

-- So many units of either are one euro.
crossed_rates as (
    select
        euro_rates.currency,
        euro_rates.rate_date,
        euro_rates.rate as currency_units,
        reporting_rates.rate as reporting_units
    from euro_rates
    inner join reporting_rates on euro_rates.rate_date = reporting_rates.rate_date
    left join own_rates on euro_rates.currency = own_rates.currency and euro_rates.rate_date = own_rates.rate_date
    where own_rates.currency is null
),

united_rates as (
    select * from own_rates
    union all
    select * from crossed_rates
),

foreign_rates as (
    select united_rates.*
    from united_rates
    inner join reporting_currencies on united_rates.currency <> reporting_currencies.currency
)

select * from foreign_rates
