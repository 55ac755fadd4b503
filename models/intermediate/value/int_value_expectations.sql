with situations as (
    select * from {{ ref('int_value_situations') }}
),

series as (
    select * from {{ ref('int_value_series') }}
),

summed as (
    select
        situations.summary_date,
        situations.frequency,
        situations.tenure_days,
        situations.is_year,
        1 - exp(greatest(-700, -situations.shape * ln(1 + situations.odds))) as any_share,
        exp(greatest(
            -700,
            series.log_ways
            - situations.shape * ln(1 + situations.odds)
            + series.term * ln(situations.odds / (1 + situations.odds))
        )) as share,
        series.purchases
    from situations
    inner join series
        on
            situations.summary_date = series.summary_date
            and situations.frequency = series.frequency
            and situations.terms >= series.term
),

-- A series that ends too early, of a customer who came yesterday, has its remaining share at the last term.
added as (
    select
        summary_date,
        frequency,
        tenure_days,
        is_year,
        sum(share * purchases) + greatest(0, max(any_share) - sum(share)) * max(purchases) as purchases
    from summed
    group by summary_date, frequency, tenure_days, is_year
),

expectations as (
    select
        summary_date,
        frequency,
        tenure_days,
        max(case when not is_year then purchases end) as purchases_if_alive,
        max(case when is_year then purchases end) as purchases_if_alive_365d
    from added
    group by summary_date, frequency, tenure_days
)

select * from expectations
