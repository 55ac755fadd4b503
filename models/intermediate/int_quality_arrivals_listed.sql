{{ config(materialized='view', meta={'changes_with_time': true}) }}

with calendar_days as (
    select * from {{ ref('int_calendar_days_listed') }}
),

order_days as (
    select * from {{ ref('int_order_days_summed') }}
),

revenue_changes as (
    select * from {{ ref('int_revenue_changes_summed') }}
),

loads as (
    select * from {{ ref('int_loads_compared') }}
),

gaps as (
    select
        'gap_in_days' as check_name,
        'raw.transactions' as table_name,
        {{ as_text('calendar_days.calendar_date') }} as item,
        'no line' as reason,
        cast(0 as {{ dbt.type_numeric() }}) as amount
    from calendar_days
    left join order_days on calendar_days.calendar_date = order_days.transaction_date
    where order_days.transaction_date is null
),

stale as (
    {{ list_stale_sources() }}
),

load_sums as (
    select
        load_id,
        sum(net_change) as net_change
    from revenue_changes
    group by load_id
),

unusual as (
    select
        'unusual_load' as check_name,
        loads.table_name,
        'load ' || {{ as_text('loads.load_id') }} as item,
        {{ as_text('loads.rows_read') }} || ' rows, the median of the loads before is '
        || {{ as_text('cast(loads.median_rows as numeric(18, 1))') }} as reason,
        load_sums.net_change as amount
    from loads
    left join load_sums on loads.load_id = load_sums.load_id
    where abs(loads.deviations_from_median) > {{ var('load_trend_deviations') }}
),

listed as (
    select * from gaps
    union all
    select * from stale
    union all
    select * from unusual
)

select * from listed
