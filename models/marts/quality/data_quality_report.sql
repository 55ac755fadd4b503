{%- set counts = [
    ('records', "sum(case when status = 'loaded' then rows_read end)", 'loads'),
    ('lines', 'sum(lines)', 'accepted'),
    ('foreign lines', 'sum(line_count)', ref('int_daily_rates')),
    ('orders', 'sum(orders)', 'accepted'),
    ('customers', 'count(*)', 'customers'),
    ('buyers', 'count(*)', ref('int_customer_features')),
    ('products', 'count(*)', ref('int_source_products')),
    ('days', 'count(*)', 'calendar_days'),
    ('tables', 'count(distinct table_name)', 'compared_loads'),
    ('loads', 'count(median_rows)', 'compared_loads'),
    ('exported lines', 'sum(lines)', 'exported'),
] -%}

with checks as (
    select * from {{ ref('data_quality_checks') }}
),

issues as (
    select * from {{ ref('int_quality_sums') }}
),

order_days as (
    select * from {{ ref('int_order_days') }}
),

loads as (
    select * from {{ ref('stg_loader__loads') }}
),

compared_loads as (
    select * from {{ ref('int_loads') }}
),

customers as (
    select * from {{ ref('int_source_customers') }}
),

calendar_days as (
    select * from {{ ref('int_calendar_days') }}
),

accepted as (
    select
        coalesce(sum(transaction_count), 0) as lines,
        count(distinct order_id) as orders,
        coalesce(sum(net_revenue), 0) as net_revenue
    from order_days
),

exported as (
    select lines from accepted
    union all
    select rows_failed as lines from issues
    where is_exclusion
),

counts as (
    {% for counted, rows, relation in counts %}
        select
            '{{ counted }}' as counted,
            cast(coalesce({{ rows }}, 0) as bigint) as rows_checked
        from {{ relation }}
        {{ 'union all' if not loop.last }}
    {% endfor %}
),

reported as (
    select
        coalesce(checks.check_name, issues.check_name) as check_name,
        coalesce(checks.severity, issues.severity) as severity,
        coalesce(checks.counted, issues.counted) as counted,
        coalesce(checks.description, issues.description) as description,
        coalesce(checks.table_name, issues.table_name) as table_name,
        coalesce(issues.rows_failed, 0) as rows_failed,
        case when issues.check_name is null then 0 else issues.amount_affected end as amount_affected
    from checks
    full outer join issues on checks.check_name = issues.check_name
),

shared as (
    select
        reported.check_name,
        reported.severity,
        reported.description,
        reported.table_name,
        reported.counted,
        counts.rows_checked,
        reported.rows_failed,
        {{ rounded_quotient('reported.rows_failed * 1.0', 'nullif(counts.rows_checked, 0)', 18, 6) }} as share_failed,
        cast(reported.amount_affected as numeric(18, 2)) as amount_affected,
        {{ rounded_quotient('reported.amount_affected', 'nullif(accepted.net_revenue, 0)', 18, 6) }} as share_of_revenue
    from reported
    cross join accepted
    left join counts on reported.counted = counts.counted
)

select * from shared
