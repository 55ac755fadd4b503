with predictions as (
    select * from {{ ref('int_value_predictions') }}
),

counted as (
    select
        summary_date,
        expected_purchases,
        count(*) as customers
    from predictions
    group by summary_date, expected_purchases
),

-- Equal expectations share the tenth of their mean rank; ntile() would split them by the order of the rows.
ranked as (
    select
        summary_date,
        expected_purchases,
        cast(1 + least(9, floor(
            10.0 * (2 * sum(customers) over (partition by summary_date order by expected_purchases) - customers)
            / (2 * sum(customers) over (partition by summary_date))
        )) as integer) as decile
    from counted
),

deciles as (
    select
        summary_date,
        decile,
        min(expected_purchases) as least_purchases,
        max(expected_purchases) as most_purchases
    from ranked
    group by summary_date, decile
)

select * from deciles
