with fits as (
    select * from {{ ref('stg_loader__value_fits') }}
),

days as (
    select * from {{ ref('int_value_days') }}
    where not is_backtest
),

days_fits as (
    select * from {{ ref('int_value_fits') }}
),

parameters as (
    select
        fits.model,
        fits.parameter,
        cast(fits.value as numeric(28, 10)) as value,
        fits.customers,
        fits.repeat_customers,
        fits.as_of_date,
        fits.fitted_at
    from fits
    inner join days_fits on fits.as_of_date = days_fits.fit_date
    inner join days on days_fits.summary_date = days.summary_date
)

select * from parameters
