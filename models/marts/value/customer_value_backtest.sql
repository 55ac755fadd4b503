with outcomes as (
    select * from {{ ref('int_value_outcomes') }}
),

fits as (
    select * from {{ ref('int_value_fits') }}
),

-- Each customer counts in a tenth and among all.
repeated as (
    select
        cast(outcomes.decile as {{ dbt.type_string() }}) as tenth,
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
        cast(count(*) as bigint) as customers,
        {% for measure, kind in (('purchases', 'numeric(18, 6)'), ('revenue', 'numeric(18, 2)')) -%}
            cast(cast(sum(expected_{{ measure }}) as numeric(28, 10)) as {{ kind }}) as expected_{{ measure }},
            cast(cast(sum(actual_{{ measure }}) as numeric(28, 10)) as {{ kind }}) as actual_{{ measure }},
            cast(cast(sum(naive_{{ measure }}) as numeric(28, 10)) as {{ kind }}) as naive_{{ measure }},
            cast(cast(avg({{ measure }}_error) as numeric(28, 10)) as {{ kind }}) as {{ measure }}_error,
            cast(cast(avg(naive_{{ measure }}_error) as numeric(28, 10)) as {{ kind }}) as naive_{{ measure }}_error,
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
    group by tenth, cutoff_date
),

-- A difference within two standard errors may be chance.
judged as (
    select
        measured.decile,
        measured.cutoff_date,
        cast({{ dbt.dateadd('day', var('value_horizon_days'), 'measured.cutoff_date') }} as date) as horizon_date,
        fits.fit_date,
        fits.model,
        measured.customers,
        {% for measure in ('purchases', 'revenue') -%}
            measured.expected_{{ measure }},
            measured.actual_{{ measure }},
            measured.naive_{{ measure }},
            measured.{{ measure }}_error,
            measured.naive_{{ measure }}_error,
            measured.{{ measure }}_bias,
            measured.naive_{{ measure }}_bias,
            case
                when measured.{{ measure }}_gain > 2 * measured.{{ measure }}_standard_error then 'model'
                when measured.{{ measure }}_gain < -2 * measured.{{ measure }}_standard_error then 'naive'
                else 'neither'
            end as better_{{ measure }},
        {% endfor -%}
        measured.revenue_ratio_low,
        measured.revenue_ratio_high
    from measured
    inner join fits on measured.cutoff_date = fits.summary_date
)

select * from judged
