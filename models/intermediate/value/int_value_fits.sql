with days as (
    select * from {{ ref('int_value_days') }}
),

fits as (
    select * from {{ ref('stg_loader__value_fits') }}
),

-- What was known on the day: a fit made later must neither predict it nor flatter the back-test.
known_fits as (
    select
        days.summary_date,
        max(fits.as_of_date) as fit_date
    from days
    left join fits on days.summary_date >= fits.as_of_date
    group by days.summary_date
),

parameters as (
    select
        known_fits.summary_date,
        known_fits.fit_date,
        case when known_fits.fit_date is null then 'naive' else 'bg_nbd' end as model,
        max(case when fits.model = 'bg_nbd' and fits.parameter = 'r' then fits.value end) as r,
        max(case when fits.model = 'bg_nbd' and fits.parameter = 'alpha' then fits.value end) as alpha,
        max(case when fits.model = 'bg_nbd' and fits.parameter = 'a' then fits.value end) as a,
        max(case when fits.model = 'bg_nbd' and fits.parameter = 'b' then fits.value end) as b,
        max(case when fits.model = 'gamma_gamma' and fits.parameter = 'p' then fits.value end) as p,
        max(case when fits.model = 'gamma_gamma' and fits.parameter = 'q' then fits.value end) as q,
        max(case when fits.model = 'gamma_gamma' and fits.parameter = 'gamma' then fits.value end) as gamma,
        max(fits.fitted_at) as fitted_at
    from known_fits
    left join fits on known_fits.fit_date = fits.as_of_date
    group by known_fits.summary_date, known_fits.fit_date
)

select * from parameters
