"""The queries of the list of customers."""

from __future__ import annotations

# Values of the filters.
MEMBERS = """
    select distinct name, member
    from {customer_profiles}
    cross join lateral (
        values
        ('rfm_segment', rfm_segment),
        ('churn_risk', churn_risk),
        ('segment_name', segment_name),
        ('customer_segment', customer_segment),
        ('favourite_category', favourite_category),
        ('cohort', to_char(first_purchase_date, 'YYYY-MM'))
    ) as filters (name, member)
    where customer_id <> '(unknown)' and member is not null
"""

_SELECTION = """
    from {customer_profiles}
    cross join (select currency from {metrics_summary}) as summary
    where
        customer_id <> '(unknown)'
        and (%(rfm_segment)s::text[] is null or rfm_segment = any(%(rfm_segment)s))
        and (%(churn_risk)s::text[] is null or churn_risk = any(%(churn_risk)s))
        and (%(segment_name)s::text[] is null or segment_name = any(%(segment_name)s))
        and (%(customer_segment)s::text[] is null or customer_segment = any(%(customer_segment)s))
        and (%(favourite_category)s::text[] is null or favourite_category = any(%(favourite_category)s))
        and (%(cohort)s::text[] is null or to_char(first_purchase_date, 'YYYY-MM') = any(%(cohort)s))
        and (
            %(search)s = ''
            or strpos(lower(customer_id), %(search)s) > 0
            or strpos(lower(customer_name), %(search)s) > 0
            or strpos(lower(email), %(search)s) > 0
        )
"""

TOTAL = f"""
    select count(*) as customers, coalesce(sum(total_spend), 0) as total_spend, min(currency) as currency
    {_SELECTION}
"""

CUSTOMERS = f"""
    select
        customer_id, customer_name, email, customer_segment, rfm_segment, churn_risk, segment_name, first_purchase_date,
        last_purchase_date, days_since_last_purchase, purchase_count, total_spend, favourite_category
    {_SELECTION}
    order by total_spend desc, customer_id
    limit %(most)s
"""
