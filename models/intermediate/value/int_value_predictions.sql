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
        scores.probability_alive * expectations.purchases_if_alive_365d as model_purchases_365d,
        coalesce(scores.frequency / cast(nullif(scores.tenure_days, 0) as {{ type_double() }}), 0) as naive_rate,
        days.horizon_days
    from scores
    inner join days on scores.summary_date = days.summary_date
    left join expectations
        on
            scores.summary_date = expectations.summary_date
            and scores.frequency = expectations.frequency
            and scores.tenure_days = expectations.tenure_days
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

predictions as (
    select
        chosen.*,
        chosen.expected_purchases * chosen.expected_average_value as expected_revenue,
        chosen.expected_purchases_365d * chosen.expected_average_value as expected_revenue_365d
    from chosen
)

select * from predictions
