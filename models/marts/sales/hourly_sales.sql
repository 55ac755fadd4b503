with calendar_hours as (
    select * from {{ ref('int_calendar_hours') }}
),

order_hours as (
    select * from {{ ref('int_order_hours') }}
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
        preceded.unique_customers,
        preceded.gross_revenue,
        cast(preceded.gross_revenue - preceded.net_revenue as numeric(18, 2)) as refunds,
        preceded.net_revenue,
        {{ growth('preceded.net_revenue', 'preceded.net_revenue_before') }} as net_revenue_growth,
        {{ growth('preceded.net_revenue', 'last_year.net_revenue') }} as net_revenue_growth_yoy
    from preceded
    left join sales as last_year
        on
            last_year.calendar_date = {{ same_day_last_year('preceded.calendar_date') }}
            and preceded.hour_of_day = last_year.hour_of_day
            and preceded.occurrence = last_year.occurrence
)

select * from compared
