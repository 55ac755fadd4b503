with calendar_hours as (
    select * from {{ ref('int_calendar_hours') }}
),

orders as (
    select * from {{ ref('int_orders') }}
),

order_hours as (
    select
        hours.*,
        orders.order_type
    from {{ ref('int_order_hours') }} as hours
    left join orders
        on
            hours.customer_id = orders.customer_id
            and hours.order_id = orders.order_id
            and hours.transaction_hour = orders.order_hour
),

sales as (
    {{ sales_by_period('calendar_hours', 'calendar_hour', 'order_hours', 'transaction_hour') }}
),

preceded as (
    select
        *,
        lag(net_revenue) over (order by calendar_hour) as net_revenue_before
    from sales
),

compared as (
    select
        preceded.calendar_hour as sales_hour,
        preceded.calendar_date as sales_date,
        preceded.hour_of_day,
        preceded.transaction_count,
        preceded.order_count,
        preceded.credit_note_count,
        preceded.refunded_order_count,
        preceded.unique_customers,
        preceded.gross_revenue,
        cast(preceded.gross_revenue - preceded.net_revenue as numeric(18, 2)) as refunds,
        preceded.net_revenue,
        {{ growth('preceded.net_revenue', 'preceded.net_revenue_before') }} as net_revenue_growth,
        {{ growth('preceded.net_revenue', 'last_year.net_revenue') }} as net_revenue_growth_yoy
    from preceded
    -- The same hour of the same weekday: 52 weeks before.
    left join sales as last_year
        on
            last_year.calendar_date = cast({{ dbt.dateadd('day', -364, 'preceded.calendar_date') }} as date)
            and preceded.hour_of_day = last_year.hour_of_day
            and preceded.occurrence = last_year.occurrence
)

select * from compared
