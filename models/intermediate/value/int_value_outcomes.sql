with predictions as (
    select * from {{ ref('int_value_predictions') }}
    where is_backtest
),

deciles as (
    select * from {{ ref('int_value_deciles') }}
),

as_of_dates as (
    select * from {{ ref('int_as_of_date') }}
),

purchase_days as (
    select * from {{ ref('int_purchase_days') }}
),

happened as (
    select
        purchase_days.customer_id,
        count(*) as purchases,
        cast(sum(purchase_days.net_revenue) as {{ type_double() }}) as revenue
    from purchase_days
    cross join as_of_dates
    where
        purchase_days.purchase_date
        > {{ dbt.dateadd('day', -var('value_horizon_days'), 'as_of_dates.as_of_date') }}
        and purchase_days.purchase_date <= as_of_dates.as_of_date
    group by purchase_days.customer_id
),

compared as (
    select
        predictions.customer_id,
        predictions.summary_date,
        deciles.decile,
        predictions.expected_purchases,
        predictions.naive_purchases,
        predictions.expected_revenue,
        predictions.naive_revenue,
        coalesce(happened.purchases, 0) as actual_purchases,
        coalesce(happened.revenue, 0) as actual_revenue
    from predictions
    inner join deciles
        on
            predictions.summary_date = deciles.summary_date
            and predictions.expected_purchases between deciles.least_purchases and deciles.most_purchases
    left join happened on predictions.customer_id = happened.customer_id
),

outcomes as (
    select
        customer_id,
        summary_date as cutoff_date,
        decile,
        expected_purchases,
        actual_purchases,
        naive_purchases,
        abs(expected_purchases - actual_purchases) as purchases_error,
        abs(naive_purchases - actual_purchases) as naive_purchases_error,
        expected_revenue,
        actual_revenue,
        naive_revenue,
        abs(expected_revenue - actual_revenue) as revenue_error,
        abs(naive_revenue - actual_revenue) as naive_revenue_error,
        actual_revenue / nullif(expected_revenue, 0) as revenue_ratio
    from compared
)

select * from outcomes
