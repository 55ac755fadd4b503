with forecasts as (
    select * from {{ ref('int_sales_forecasts') }}
),

by_method as (
    select
        *,
        'last week' as method,
        last_week as net_revenue
    from forecasts
    union all
    select
        *,
        'mean of four weeks' as method,
        four_weeks as net_revenue
    from forecasts
),

judged as (
    select
        *,
        abs(actual_net_revenue - net_revenue) as absolute_error,
        case
            when actual_net_revenue > 0
                then {{ rounded_quotient('abs(actual_net_revenue - net_revenue)', 'actual_net_revenue', 28, 9) }}
        end as relative_error
    from by_method
),

origins as (
    select distinct days_ago
    from forecasts
),

-- The choice on a day rests on the forecasts of 28 earlier days, whose targets were all known by then.
earlier_errors as (
    select
        origins.days_ago,
        judged.method,
        sum(judged.absolute_error) as absolute_error
    from origins
    inner join judged on judged.days_ago - origins.days_ago between 29 and 56
    group by origins.days_ago, judged.method
),

chosen as (
    select
        judged.*,
        row_number() over (
            partition by judged.days_ago, judged.days_ahead
            order by coalesce(earlier_errors.absolute_error, 0) asc, judged.method desc
        ) as choice
    from judged
    left join earlier_errors
        on judged.days_ago = earlier_errors.days_ago and judged.method = earlier_errors.method
),

measured as (
    select
        count(absolute_error) as measured_forecasts,
        count(relative_error) as measured_percentages,
        {{ rounded_quotient('sum(absolute_error)', 'nullif(count(absolute_error), 0)', 18, 2) }}
            as mean_absolute_error,
        {{ rounded_quotient('sum(relative_error)', 'nullif(count(relative_error), 0)', 18, 6) }}
            as mean_absolute_percentage_error
    from chosen
    where choice = 1 and days_ago between 29 and 56
),

forecast as (
    select
        chosen.forecast_date,
        chosen.days_ahead,
        chosen.method,
        cast(chosen.net_revenue as numeric(18, 2)) as net_revenue,
        measured.mean_absolute_error,
        measured.measured_forecasts,
        measured.mean_absolute_percentage_error,
        measured.measured_percentages,
        chosen.origin_date as as_of_date
    from chosen
    cross join measured
    where chosen.choice = 1 and chosen.days_ago = 0
)

select * from forecast
