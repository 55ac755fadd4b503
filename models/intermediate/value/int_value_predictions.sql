with scores as (
    select * from {{ ref('int_value_scores') }}
),

days as (
    select * from {{ ref('int_value_days') }}
),

expectations as (
    select * from {{ ref('int_value_expectations') }}
),

predicted as (
    select
        scores.summary_date,
        scores.customer_id,
        days.is_backtest,
        scores.probability_alive,
        scores.expected_average_value,
        scores.monetary_value,
        scores.probability_alive * expectations.purchases_if_alive as model_purchases,
        scores.probability_alive * years.purchases_if_alive as model_purchases_365d,
        coalesce(scores.frequency / cast(nullif(scores.tenure_days, 0) as {{ type_double() }}), 0) as naive_rate,
        days.horizon_days
    from scores
    inner join days on scores.summary_date = days.summary_date
    left join expectations
        on
            scores.summary_date = expectations.summary_date
            and scores.frequency = expectations.frequency
            and scores.tenure_days = expectations.tenure_days
            and days.horizon_days = expectations.horizon_days
    left join expectations as years
        on
            scores.summary_date = years.summary_date
            and scores.frequency = years.frequency
            and scores.tenure_days = years.tenure_days
            and years.horizon_days = 365
),

chosen as (
    select
        summary_date,
        customer_id,
        is_backtest,
        probability_alive,
        expected_average_value,
        coalesce(model_purchases, naive_rate * horizon_days) as expected_purchases,
        coalesce(model_purchases_365d, naive_rate * 365) as expected_purchases_365d,
        naive_rate * horizon_days as naive_purchases,
        naive_rate * horizon_days * monetary_value as naive_revenue
    from predicted
),

-- Equal expectations share the tenth of their mean rank; ntile() would split them by the order of the rows. Ranking
-- distinct expectations takes a fraction of the time of ranking customers.
counted as (
    select
        summary_date,
        expected_purchases,
        count(*) as customers
    from chosen
    group by summary_date, expected_purchases
),

ranked as (
    select
        summary_date,
        expected_purchases,
        2 * sum(customers) over (partition by summary_date order by expected_purchases) - customers as twice_mean_rank,
        2 * sum(customers) over (partition by summary_date) as twice_all
    from counted
),

predictions as (
    select
        chosen.*,
        chosen.expected_purchases * chosen.expected_average_value as expected_revenue,
        chosen.expected_purchases_365d * chosen.expected_average_value as expected_revenue_365d,
        cast(1 + least(9, floor(10.0 * ranked.twice_mean_rank / ranked.twice_all)) as integer) as decile
    from chosen
    inner join ranked
        on chosen.summary_date = ranked.summary_date and chosen.expected_purchases = ranked.expected_purchases
)

select * from predictions
