with scores as (
    select * from {{ ref('int_value_scores') }}
),

horizons as (
    select * from {{ ref('int_value_horizons') }}
),

expectations as (
    select * from {{ ref('int_value_expectations') }}
),

predicted as (
    select
        scores.summary_date,
        scores.customer_id,
        horizons.horizon_days,
        horizons.is_backtest,
        scores.model,
        scores.fit_date,
        scores.fitted_at,
        scores.probability_alive,
        scores.expected_average_value,
        scores.monetary_value,
        scores.probability_alive * expectations.purchases_if_alive as model_purchases,
        coalesce(
            scores.frequency * horizons.horizon_days / cast(nullif(scores.tenure_days, 0) as {{ type_double() }}), 0
        ) as naive_purchases
    from scores
    inner join horizons on scores.summary_date = horizons.summary_date
    left join expectations
        on
            scores.summary_date = expectations.summary_date
            and scores.frequency = expectations.frequency
            and scores.tenure_days = expectations.tenure_days
            and horizons.horizon_days = expectations.horizon_days
),

chosen as (
    select
        summary_date,
        customer_id,
        horizon_days,
        is_backtest,
        model,
        fit_date,
        fitted_at,
        probability_alive,
        expected_average_value,
        coalesce(model_purchases, naive_purchases) as expected_purchases,
        coalesce(model_purchases, naive_purchases) * expected_average_value as expected_revenue,
        naive_purchases,
        naive_purchases * monetary_value as naive_revenue
    from predicted
),

-- Equal expectations share the tenth of their mean rank; ntile() would split them by the order of the rows.
predictions as (
    select
        chosen.*,
        cast(1 + least(9, floor(
            10.0 * (
                2 * (rank() over (partition by summary_date, horizon_days order by expected_purchases) - 1)
                + count(*) over (partition by summary_date, horizon_days, expected_purchases)
            ) / (2 * count(*) over (partition by summary_date, horizon_days))
        )) as integer) as decile
    from chosen
)

select * from predictions
