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
        situations.horizon_days,
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
expectations as (
    select
        summary_date,
        frequency,
        tenure_days,
        horizon_days,
        sum(share * purchases) + greatest(0, max(any_share) - sum(share)) * max(purchases) as purchases_if_alive
    from summed
    group by summary_date, frequency, tenure_days, horizon_days
)

select * from expectations
