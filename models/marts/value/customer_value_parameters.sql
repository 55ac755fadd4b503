with fits as (
    select * from {{ ref('stg_loader__value_fits') }}
),

horizons as (
    select * from {{ ref('int_value_horizons') }}
),

days as (
    select * from {{ ref('int_value_fits') }}
),

used as (
    select distinct days.fit_date
    from days
    inner join horizons on days.summary_date = horizons.summary_date
    where not horizons.is_backtest
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
    inner join used on fits.as_of_date = used.fit_date
)

select * from parameters
