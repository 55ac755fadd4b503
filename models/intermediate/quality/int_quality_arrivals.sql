{{ config(materialized='view') }}

with calendar_days as (
    select * from {{ ref('int_calendar_days') }}
),

order_days as (
    select * from {{ ref('int_order_days') }}
),

revenue_changes as (
    select * from {{ ref('int_revenue_changes') }}
),

loads as (
    select * from {{ ref('int_loads') }}
),

gaps as (
    select
        'gap_in_days' as check_name,
        'raw.transactions' as table_name,
        cast(calendar_days.calendar_date as {{ dbt.type_string() }}) as item,
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
        'load ' || cast(loads.load_id as {{ dbt.type_string() }}) as item,
        cast(loads.rows_read as {{ dbt.type_string() }}) || ' rows, the median of the loads before is '
        || cast(cast(loads.median_rows as numeric(18, 1)) as {{ dbt.type_string() }}) as reason,
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
