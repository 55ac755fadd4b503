{%- set is_auto = 'true' if var('churn_thresholds') == 'auto' else 'false' -%}

with thresholds as (
    select * from {{ ref('int_churn_thresholds') }}
),

calibration as (
    select * from {{ ref('churn_tier_calibration') }}
),

purchase_days as (
    select * from {{ ref('int_purchase_days') }}
),

previous_days as (
    select
        purchase_date,
        lag(purchase_date) over (partition by customer_id order by purchase_date) as previous_date
    from purchase_days
),

gaps as (
    select
        percentile_cont(0.4) within group (
            order by {{ dbt.datediff('previous_date', 'purchase_date', 'day') }}
        ) as medium_gap_days,
        percentile_cont(0.8) within group (
            order by {{ dbt.datediff('previous_date', 'purchase_date', 'day') }}
        ) as high_gap_days
    from previous_days
    where previous_date is not null
),

rates as (
    select
        sum(case when churn_risk <> 'low' then customers else 0 end) as medium_customers,
        sum(case when churn_risk <> 'low' then returned_customers else 0 end) as medium_returned,
        sum(case when churn_risk = 'high' then customers else 0 end) as high_customers,
        sum(case when churn_risk = 'high' then returned_customers else 0 end) as high_returned
    from calibration
),

listed as (
    {% for tier in ['medium', 'high'] %}
        select
            '{{ tier }}' as churn_risk,
            thresholds.{{ tier }}_after_days as after_days,
            {{ is_auto }} and thresholds.measured_{{ tier }}_after_days is not null as is_measured,
            thresholds.fixed_{{ tier }}_after_days as fixed_after_days,
            thresholds.measured_{{ tier }}_after_days as measured_after_days,
            cast(gaps.{{ tier }}_gap_days as numeric(18, 1)) as gap_days,
            cast({{ var('churn_' ~ tier ~ '_return_rate') }} as numeric(9, 6)) as asked_return_rate,
            {{ rounded_quotient('rates.' ~ tier ~ '_returned * 1.0', 'nullif(rates.' ~ tier ~ '_customers, 0)', 9, 6) }}
                as later_return_rate,
            cast(coalesce(rates.{{ tier }}_customers, 0) as bigint) as later_observations
        from thresholds
        cross join gaps
        cross join rates
        {{ 'union all' if not loop.last }}
    {% endfor %}
)

select * from listed
