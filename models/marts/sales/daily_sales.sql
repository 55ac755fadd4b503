with calendar_days as (
    select * from {{ ref('int_calendar_days_listed') }}
),

order_days as (
    select * from {{ ref('int_order_days_summed') }}
),

summed as (
    select
        transaction_date,
        sum(transaction_count) as transaction_count,
        count(distinct order_id) as order_count,
        count(distinct customer_id) as unique_customers,
        sum(gross_revenue) as gross_revenue,
        sum(net_revenue) as net_revenue
    from order_days
    group by transaction_date
),

-- A day without sales is a day with zero sales, not a missing one.
filled as (
    select
        calendar_days.calendar_date as sales_date,
        coalesce(summed.transaction_count, 0) as transaction_count,
        coalesce(summed.order_count, 0) as order_count,
        coalesce(summed.unique_customers, 0) as unique_customers,
        coalesce(summed.gross_revenue, 0) as gross_revenue,
        coalesce(summed.net_revenue, 0) as net_revenue
    from calendar_days
    left join summed on calendar_days.calendar_date = summed.transaction_date
),

averaged as (
    select
        *,
        count(*) over (order by sales_date rows between 6 preceding and current row) as days_in_window,
        avg(net_revenue) over (order by sales_date rows between 6 preceding and current row) as net_revenue_7d_avg
    from filled
),

rounded as (
    select
        sales_date,
        cast(transaction_count as bigint) as transaction_count,
        order_count,
        unique_customers,
        {{ rounded_parts('gross_revenue', 'sales_date') }} as gross_revenue,
        {{ rounded_parts('net_revenue', 'sales_date') }} as net_revenue,
        case when days_in_window = 7 then net_revenue_7d_avg end as net_revenue_7d_avg
    from averaged
),

finished as (
    select
        sales_date,
        transaction_count,
        order_count,
        unique_customers,
        gross_revenue,
        cast(gross_revenue - net_revenue as numeric(18, 2)) as refunds,
        net_revenue,
        cast(net_revenue_7d_avg as numeric(18, 2)) as net_revenue_7d_avg
    from rounded
)

select * from finished
