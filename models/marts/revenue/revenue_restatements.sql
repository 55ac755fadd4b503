with changes as (
    select * from {{ ref('int_revenue_changes') }}
),

loads as (
    select * from {{ ref('stg_loader__loads') }}
),

days_changed as (
    select
        sales_date,
        load_id,
        sum(case when reason = 'inserted' then net_change else 0 end) as inserted_revenue,
        sum(case when reason = 'refunded' then -net_change else 0 end) as refunds,
        sum(case when reason = 'corrected' then net_change else 0 end) as corrections,
        sum(case when reason = 'undone' then net_change else 0 end) as undone,
        sum(net_change) as net_change,
        cast(sum(transaction_count_change) as bigint) as transaction_count_change
    from changes
    group by sales_date, load_id
),

totalled as (
    select
        *,
        sum(net_change) over (partition by sales_date order by load_id) as net_revenue_after,
        sum(transaction_count_change) over (partition by sales_date order by load_id) as transaction_count_after
    from days_changed
),

-- The loads that gave a day its first line or took its last one.
turns as (
    select
        sales_date,
        load_id,
        transaction_count_after > 0 as has_lines,
        lead(load_id) over (partition by sales_date order by load_id) as next_load_id
    from totalled
    where (transaction_count_after > 0) is distinct from (transaction_count_after - transaction_count_change > 0)
),

loads_seen as (
    select distinct load_id from days_changed
),

-- The latest day with lines as of the load before.
latest_days as (
    select
        loads_seen.load_id,
        max(turns.sales_date) as latest_sales_date
    from loads_seen
    left join turns
        on
            loads_seen.load_id > turns.load_id
            and (turns.next_load_id is null or loads_seen.load_id <= turns.next_load_id)
            and turns.has_lines
    group by loads_seen.load_id
),

explained as (
    select
        totalled.sales_date,
        totalled.load_id,
        loads.file_name,
        loads.finished_at as loaded_at,
        case when totalled.sales_date <= latest_days.latest_sales_date then 0 else totalled.inserted_revenue end
            as new_revenue,
        case when totalled.sales_date <= latest_days.latest_sales_date then totalled.inserted_revenue else 0 end
            as late_revenue,
        totalled.refunds,
        totalled.corrections,
        totalled.undone,
        totalled.net_change,
        totalled.net_revenue_after,
        totalled.transaction_count_change
    from totalled
    inner join latest_days on totalled.load_id = latest_days.load_id
    left join loads on totalled.load_id = loads.load_id
    where {{ is_accepted('totalled.sales_date') }}
)

select * from explained
