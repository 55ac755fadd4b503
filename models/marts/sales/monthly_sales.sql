with calendar_months as (
    select * from {{ ref('int_calendar_months') }}
),

order_days as (
    select
        *,
        cast({{ dbt.date_trunc('month', 'transaction_date') }} as date) as transaction_month
    from {{ ref('int_order_days') }}
),

sales as (
    {{ sales_by_period('calendar_months', 'calendar_month', 'order_days', 'transaction_month') }}
),

-- A month that is not over has not declined: growth waits until it has fully elapsed.
judged as (
    select
        *,
        case when is_complete then net_revenue end as final_net_revenue,
        lag(net_revenue) over (order by calendar_month) as net_revenue_before
    from sales
),

compared as (
    select
        judged.calendar_month as sales_month,
        judged.is_complete,
        judged.transaction_count,
        judged.order_count,
        judged.credit_note_count,
        judged.refunded_order_count,
        judged.unique_customers,
        judged.gross_revenue,
        cast(judged.gross_revenue - judged.net_revenue as numeric(18, 2)) as refunds,
        judged.net_revenue,
        cast(judged.gross_margin as numeric(18, 2)) as gross_margin,
        {{ rounded_quotient('judged.costed_revenue', 'nullif(judged.net_revenue, 0)', 18, 6) }} as costed_revenue_share,
        {{ growth('judged.final_net_revenue', 'judged.net_revenue_before') }} as net_revenue_growth,
        {{ growth('judged.final_net_revenue', 'last_year.net_revenue') }} as net_revenue_growth_yoy
    from judged
    left join sales as last_year
        on last_year.calendar_month = cast({{ dbt.dateadd('year', -1, 'judged.calendar_month') }} as date)
)

select * from compared
