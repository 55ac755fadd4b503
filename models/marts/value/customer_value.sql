with near as (
    select * from {{ ref('int_value_predictions') }}
    where not is_backtest and horizon_days = 90
),

far as (
    select * from {{ ref('int_value_predictions') }}
    where not is_backtest and horizon_days = 365
),

tested as (
    select * from {{ ref('customer_value_backtest') }}
),

valued as (
    select
        near.customer_id,
        cast(near.probability_alive as numeric(9, 6)) as probability_alive,
        cast(near.expected_purchases as numeric(18, 6)) as expected_purchases_90d,
        cast(far.expected_purchases as numeric(18, 6)) as expected_purchases_365d,
        cast(near.expected_average_value as numeric(18, 2)) as expected_average_value,
        cast(near.expected_revenue as numeric(18, 2)) as expected_revenue_90d,
        cast(near.expected_revenue * tested.revenue_ratio_low as numeric(18, 2)) as expected_revenue_90d_low,
        cast(near.expected_revenue * tested.revenue_ratio_high as numeric(18, 2)) as expected_revenue_90d_high,
        cast(far.expected_revenue / power(1 + {{ var('value_discount_rate') }}, 0.5) as numeric(18, 2))
            as expected_revenue_365d,
        near.decile,
        near.model,
        near.fit_date,
        near.fitted_at
    from near
    inner join far on near.customer_id = far.customer_id
    left join tested
        on
            cast(near.decile as {{ dbt.type_string() }}) = tested.decile
            and near.model = tested.model
)

select * from valued
