"""The queries of the first page."""

from __future__ import annotations

from serving.dashboard.campaign_queries import to_contact

# A year of periods for the small lines.
PERIODS = """
    select
        measure, periods_ago, period_from, period_to, measure_value, change, change_on_last_year, usual_from,
        usual_to, is_unusual
    from {trailing_periods}
    where period_days = %(days)s and periods_ago <= 12
    order by measure, periods_ago
"""

DRIVERS = """
    select words, amount, base_revenue, revenue
    from {revenue_drivers}
    where period = '28_days' and amount <> 0
    order by amount
"""

ACTIONS = f"""
    with today as (
        select as_of_date, average_order_value from {{metrics_summary}}
    ),

    stopped as (
        select
            coalesce(product_name, product_id) as name,
            total_revenue,
            row_number() over (order by total_revenue desc, product_id) as place
        from {{product_kpis}}
        cross join today
        where revenue_rank <= 100 and last_purchase_date < as_of_date - 28
    ),

    to_contact as (
        select members.audience, profiles.total_spend
        from {{audience_members}} as members
        inner join {{customer_profiles}} as profiles on members.customer_id = profiles.customer_id
        where {to_contact}
    )

    select 'late_champions' as kind, count(*) as number, sum(total_spend) as amount, null as names
    from to_contact
    where audience = 'late_champions'
    union all
    select 'due_for_second_order', count(*), round(count(*) * min(average_order_value), 2), null
    from to_contact
    cross join today
    where audience = 'due_for_second_order'
    union all
    select 'rejected_money', sum(rows_failed), sum(amount_affected), null
    from {{data_quality_report}}
    where check_name like 'rejected_%%' and severity = 'error'
    union all
    select 'late_source', sum(rows_failed), null, null
    from {{data_quality_report}}
    where check_name = 'stale_source'
    union all
    select 'stopped_products', count(*), sum(total_revenue), string_agg(name, ', ') filter (where place <= 3)
    from stopped
"""
