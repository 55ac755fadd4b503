"""The queries of sales.

For all customers and categories a small mart answers. For a part of them, `order_lines` is summed by the same
definitions.
"""

from __future__ import annotations

DAILY = """
    select
        sales_date, gross_revenue, refunds, net_revenue, net_revenue_7d_avg, transaction_count, order_count
    from {daily_sales}
    where sales_date between %(first_day)s and %(last_day)s
    order by sales_date
"""

_selection = """
            and (%(groups)s::text[] is null or customer_segment = any(%(groups)s))
            and (%(categories)s::text[] is null or category = any(%(categories)s))
            and (
                %(rfm_segments)s::text[] is null
                or customer_id in (
                    select customer_id from {customer_profiles} where rfm_segment = any(%(rfm_segments)s)
                )
            )
"""

# As in daily_sales: days without a sale count 0, and the mean needs seven days of data. An order may have lines of
# several categories, so that orders of days don't add up, and there are none here.
DAILY_OF_LINES = f"""
    with summed as (
        select
            transaction_date,
            count(*) as transaction_count,
            sum(amount) as net_revenue,
            coalesce(-sum(amount) filter (where amount < 0), 0) as refunds
        from {{order_lines}}
        where
            transaction_date between cast(%(first_day)s as date) - 6 and %(last_day)s
            {_selection.strip()}
        group by transaction_date
    ),

    averaged as (
        select
            sales_date,
            coalesce(summed.net_revenue, 0) as net_revenue,
            coalesce(summed.refunds, 0) as refunds,
            coalesce(summed.transaction_count, 0) as transaction_count,
            case when count(*) over week = 7
                then avg(coalesce(summed.net_revenue, 0)) over week
            end as net_revenue_7d_avg
        from {{daily_sales}}
        left join summed on sales_date = transaction_date
        where sales_date between cast(%(first_day)s as date) - 6 and %(last_day)s
        window week as (order by sales_date rows between 6 preceding and current row)
    )

    select
        sales_date,
        round(net_revenue + refunds, 2) as gross_revenue,
        round(refunds, 2) as refunds,
        round(net_revenue, 2) as net_revenue,
        round(net_revenue_7d_avg, 2) as net_revenue_7d_avg,
        transaction_count,
        null::bigint as order_count
    from averaged
    where sales_date >= %(first_day)s
    order by sales_date
"""

CATEGORIES = """
    select category, sum(total_revenue) as net_revenue, sum(transaction_count)::bigint as transaction_count
    from {segment_category_kpis}
    where
        (%(groups)s::text[] is null or customer_segment = any(%(groups)s))
        and (%(categories)s::text[] is null or category = any(%(categories)s))
    group by category
    order by net_revenue desc, category
"""
CATEGORIES_OF_LINES = f"""
    select category, round(sum(amount), 2) as net_revenue, count(*) as transaction_count
    from {{order_lines}}
    where
        transaction_date between %(first_day)s and %(last_day)s
        {_selection.strip()}
    group by category
    order by net_revenue desc, category
"""

# A day that was cut short: its last sale is earlier in the day than that of each of the 28 days before.
CUT_SHORT = """
    with last_hours as (
        select sales_date, max(hour_of_day) as last_hour
        from {hourly_sales}
        where transaction_count > 0 and sales_date >= (select as_of_date - 28 from {metrics_summary})
        group by sales_date
    ),

    compared as (
        select
            sales_date,
            last_hour,
            min(last_hour) over earlier as usual_hour,
            row_number() over (order by sales_date desc) as days_ago
        from last_hours
        window earlier as (order by sales_date rows between unbounded preceding and 1 preceding)
    )

    select sales_date, last_hour, usual_hour
    from compared
    where days_ago = 1 and last_hour < usual_hour
"""
