{#- Each measure with what it is worked out from. -#}
{%- set measures = {
    'net_revenue': 'net_revenue',
    'orders': 'order_count',
    'buyers': 'buyers',
    'average_order_value': rounded_quotient('net_revenue', 'nullif(order_count, 0)', 18, 4),
    'repeat_order_share': rounded_quotient('repeat_orders * 1.0', 'nullif(known_orders, 0)', 18, 4),
} -%}

with periods as (
    select * from {{ ref('int_trailing_periods') }}
),

measured as (
    {% for measure, expression in measures.items() %}
        select
            '{{ measure }}' as measure,
            period_days,
            periods_ago,
            period_from,
            period_to,
            cast({{ expression }} as numeric(18, 4)) as measure_value
        from periods
        {{ 'union all' if not loop.last }}
    {% endfor %}
),

compared as (
    select
        measured.*,
        before.measure_value as value_before,
        last_year.measure_value as value_last_year,
        {{ growth('measured.measure_value', 'before.measure_value') }} as change,
        {{ growth('measured.measure_value', 'last_year.measure_value') }} as change_on_last_year
    from measured
    left join measured as before
        on
            measured.measure = before.measure
            and measured.period_days = before.period_days
            and measured.periods_ago = before.periods_ago - 1
    -- 364 days are 52 weeks, so that the weekdays are the same.
    left join measured as last_year
        on
            measured.measure = last_year.measure
            and measured.period_days = last_year.period_days
            and measured.periods_ago = last_year.periods_ago - 364 / measured.period_days
),

medians as (
    select
        measure,
        period_days,
        percentile_cont(0.5) within group (order by cast(change as {{ type_double() }})) as median_change
    from compared
    where change is not null
    group by measure, period_days
),

-- 1.4826 times the MAD estimates the standard deviation.
ranges as (
    select
        compared.measure,
        compared.period_days,
        count(*) as changes,
        min(medians.median_change) as median_change,
        {{ var('unusual_change_deviations') }} * 1.4826
        * percentile_cont(0.5) within group (order by abs(compared.change - medians.median_change)) as tolerance
    from compared
    inner join medians
        on
            compared.measure = medians.measure
            and compared.period_days = medians.period_days
    where compared.change is not null
    group by compared.measure, compared.period_days
),

judged as (
    select
        compared.*,
        cast(ranges.median_change - ranges.tolerance as numeric(18, 6)) as usual_from,
        cast(ranges.median_change + ranges.tolerance as numeric(18, 6)) as usual_to,
        coalesce(
            ranges.changes >= {{ var('load_trend_least') }}
            and abs(compared.change - ranges.median_change) > ranges.tolerance,
            false
        ) as is_unusual
    from compared
    left join ranges
        on
            compared.measure = ranges.measure
            and compared.period_days = ranges.period_days
)

select * from judged
