"""The queries of the list of customers."""

from __future__ import annotations

# What the list can be filtered by, as SQL.
FILTERS = {
    "rfm_segment": "rfm_segment",
    "churn_risk": "churn_risk",
    "segment_name": "segment_name",
    "customer_segment": "customer_segment",
    "favourite_category": "favourite_category",
    "cohort": "to_char(first_purchase_date, 'YYYY-MM')",
}

# Values of the filters.
MEMBERS = " union all ".join(
    f"""
    select distinct '{name}' as name, {column} as member
    from {{customer_profiles}}
    where customer_id <> '(unknown)' and {column} is not null
    """
    for name, column in FILTERS.items()
)

_chosen = "\n".join(
    f"        and (%({name})s::text[] is null or {column} = any(%({name})s))" for name, column in FILTERS.items()
)
_selection = f"""
    from {{customer_profiles}}
    cross join (select currency from {{metrics_summary}}) as summary
    where
        customer_id <> '(unknown)'
{_chosen}
        and (
            %(search)s = ''
            or strpos(lower(customer_id), %(search)s) > 0
            or strpos(lower(customer_name), %(search)s) > 0
            or strpos(lower(email), %(search)s) > 0
        )
"""

TOTAL = f"""
    select count(*) as customers, coalesce(sum(total_spend), 0) as total_spend, min(currency) as currency
    {_selection}
"""

CUSTOMERS = f"""
    select
        customer_id, customer_name, email, customer_segment, rfm_segment, churn_risk, segment_name, first_purchase_date,
        last_purchase_date, days_since_last_purchase, purchase_count, total_spend, expected_revenue_365d,
        favourite_category
    {_selection}
    order by total_spend desc, customer_id
    limit %(most)s
"""
