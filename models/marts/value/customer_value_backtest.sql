with outcomes as (
    select * from {{ ref('int_value_outcomes') }}
),

-- Each customer counts in a tenth and among all.
repeated as (
    select
        cast(decile as {{ dbt.type_string() }}) as tenth,
        outcomes.*
    from outcomes
    union all
    select
        'all' as tenth,
        outcomes.*
    from outcomes
),

measured as (
    select
        tenth as decile,
        cutoff_date,
        fit_date,
        model,
        cast(count(*) as bigint) as customers,
        {% for measure, kind in (('purchases', 'numeric(18, 6)'), ('revenue', 'numeric(18, 2)')) -%}
            cast(sum(expected_{{ measure }}) as {{ kind }}) as expected_{{ measure }},
            cast(sum(actual_{{ measure }}) as {{ kind }}) as actual_{{ measure }},
            cast(sum(naive_{{ measure }}) as {{ kind }}) as naive_{{ measure }},
            cast(avg({{ measure }}_error) as {{ kind }}) as {{ measure }}_error,
            cast(avg(naive_{{ measure }}_error) as {{ kind }}) as naive_{{ measure }}_error,
            cast(sum(expected_{{ measure }}) / nullif(sum(actual_{{ measure }}), 0) - 1 as numeric(18, 6))
                as {{ measure }}_bias,
            cast(sum(naive_{{ measure }}) / nullif(sum(actual_{{ measure }}), 0) - 1 as numeric(18, 6))
                as naive_{{ measure }}_bias,
            avg(naive_{{ measure }}_error - {{ measure }}_error) as {{ measure }}_gain,
            stddev_samp(naive_{{ measure }}_error - {{ measure }}_error) / sqrt(count(*))
                as {{ measure }}_standard_error,
        {% endfor -%}
        cast(percentile_cont(0.1) within group (order by revenue_ratio) as numeric(18, 6)) as revenue_ratio_low,
        cast(percentile_cont(0.9) within group (order by revenue_ratio) as numeric(18, 6)) as revenue_ratio_high
    from repeated
    group by tenth, cutoff_date, fit_date, model
),

-- A difference within two standard errors may be chance.
judged as (
    select
        decile,
        cutoff_date,
        cast({{ dbt.dateadd('day', var('value_horizon_days'), 'cutoff_date') }} as date) as horizon_date,
        fit_date,
        model,
        customers,
        {% for measure in ('purchases', 'revenue') -%}
            expected_{{ measure }},
            actual_{{ measure }},
            naive_{{ measure }},
            {{ measure }}_error,
            naive_{{ measure }}_error,
            {{ measure }}_bias,
            naive_{{ measure }}_bias,
            case
                when {{ measure }}_gain > 2 * {{ measure }}_standard_error then 'model'
                when {{ measure }}_gain < -2 * {{ measure }}_standard_error then 'naive'
                else 'neither'
            end as better_{{ measure }},
        {% endfor -%}
        revenue_ratio_low,
        revenue_ratio_high
    from measured
)

select * from judged
