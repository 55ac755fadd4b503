with predictions as (
    select * from {{ ref('int_value_predictions') }}
    where not is_backtest
),

fits as (
    select * from {{ ref('int_value_fits') }}
),

deciles as (
    select * from {{ ref('int_value_deciles') }}
),

tested as (
    select * from {{ ref('customer_value_backtest') }}
),

-- Ten digits first: engines differ in how they round a double that is nearly half a cent.
valued as (
    select
        predictions.customer_id,
        cast(predictions.probability_alive as numeric(9, 6)) as probability_alive,
        cast(predictions.expected_purchases as numeric(18, 6)) as expected_purchases_90d,
        cast(predictions.expected_purchases_365d as numeric(18, 6)) as expected_purchases_365d,
        cast(cast(predictions.expected_average_value as numeric(28, 10)) as numeric(18, 2)) as expected_average_value,
        cast(cast(predictions.expected_revenue as numeric(28, 10)) as numeric(18, 2)) as expected_revenue_90d,
        cast(cast(predictions.expected_revenue * tested.revenue_ratio_low as numeric(28, 10)) as numeric(18, 2))
            as expected_revenue_90d_low,
        cast(cast(predictions.expected_revenue * tested.revenue_ratio_high as numeric(28, 10)) as numeric(18, 2))
            as expected_revenue_90d_high,
        cast(
            cast(
                predictions.expected_revenue_365d / power(1 + {{ var('value_discount_rate') }}, 0.5) as numeric(28, 10)
            ) as numeric(18, 2)
        ) as expected_revenue_365d,
        deciles.decile,
        fits.model,
        fits.fit_date,
        fits.fitted_at
    from predictions
    inner join fits on predictions.summary_date = fits.summary_date
    inner join deciles
        on
            predictions.summary_date = deciles.summary_date
            and predictions.expected_purchases between deciles.least_purchases and deciles.most_purchases
    left join tested
        on
            cast(deciles.decile as {{ dbt.type_string() }}) = tested.decile
            and fits.model = tested.model
)

select * from valued
