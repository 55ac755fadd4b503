with calendar_days as (
    select * from {{ ref('int_calendar_days') }}
),

order_days as (
    select * from {{ ref('int_order_days') }}
),

sales as (
    {{ sales_by_period('calendar_days', 'calendar_date', 'order_days', 'transaction_date') }}
),

averaged as (
    select
        *,
        count(*) over (order by calendar_date rows between 6 preceding and current row) as days_in_window,
        sum(net_revenue) over (order by calendar_date rows between 6 preceding and current row) as net_revenue_7d,
        lag(net_revenue) over (order by calendar_date) as net_revenue_before
    from sales
),

compared as (
    select
        averaged.calendar_date as sales_date,
        averaged.transaction_count,
        averaged.order_count,
        averaged.credit_note_count,
        averaged.refunded_order_count,
        averaged.unique_customers,
        averaged.gross_revenue,
        cast(averaged.gross_revenue - averaged.net_revenue as numeric(18, 2)) as refunds,
        averaged.net_revenue,
        {{ rounded_quotient(
            'case when averaged.days_in_window = 7 then averaged.net_revenue_7d end', 7, 18, 2
        ) }} as net_revenue_7d_avg,
        {{ growth('averaged.net_revenue', 'averaged.net_revenue_before') }} as net_revenue_growth,
        {{ growth('averaged.net_revenue', 'last_year.net_revenue') }} as net_revenue_growth_yoy
    from averaged
    -- The same weekday: 52 weeks before.
    left join sales as last_year
        on last_year.calendar_date = cast({{ dbt.dateadd('day', -364, 'averaged.calendar_date') }} as date)
)

select * from compared
