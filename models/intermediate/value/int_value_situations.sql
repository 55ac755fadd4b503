with summaries as (
    select distinct
        summary_date,
        frequency,
        tenure_days
    from {{ ref('int_value_summaries') }}
),

days as (
    select * from {{ ref('int_value_days') }}
),

horizons as (
    select
        summary_date,
        horizon_days,
        false as is_year
    from days
    union all
    select
        summary_date,
        365 as horizon_days,
        true as is_year
    from days
    where not is_backtest
),

fits as (
    select * from {{ ref('int_value_fits') }}
    where model = 'bg_nbd'
),

situations as (
    select
        summaries.summary_date,
        summaries.frequency,
        summaries.tenure_days,
        horizons.is_year,
        fits.r + summaries.frequency as shape,
        fits.a as leaving,
        fits.b + summaries.frequency as staying,
        horizons.horizon_days / (7 * fits.alpha + summaries.tenure_days) as odds
    from summaries
    inner join horizons on summaries.summary_date = horizons.summary_date
    inner join fits on summaries.summary_date = fits.summary_date
),

-- The terms have the mean shape * odds and the variance of a negative binomial distribution; its tail falls by the
-- factor e at least every 1 + odds terms.
measured as (
    select
        summary_date,
        frequency,
        tenure_days,
        is_year,
        shape,
        leaving,
        staying,
        odds,
        shape * odds + 8 * sqrt(shape * odds * (1 + odds)) + 25 * (1 + odds) as terms
    from situations
)

select * from measured
