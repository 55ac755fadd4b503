"""The queries of the list of customers."""

from __future__ import annotations

from serving.dashboard.campaign_queries import to_contact

# Columns by which the list can be filtered besides the filters of all pages, as SQL.
COLUMNS = {
    "churn_risk": "churn_risk",
    "segment_name": "segment_name",
    "cohort": "to_char(first_purchase_date, 'YYYY-MM')",
    "recency_score": "recency_score::text",
    "frequency_score": "frequency_score::text",
}
_in_audience = f"""customer_id in (
                select members.customer_id
                from {{audience_members}} as members
                where members.audience = any(%(audience)s) and {to_contact}
            )"""
_conditions = {"audience": _in_audience} | {name: f"{column} = any(%({name})s)" for name, column in COLUMNS.items()}
# All of these filters.
FILTERS = tuple(_conditions)

# Values of the filters.
MEMBERS = f"""
    select distinct 'audience' as name, members.audience as member
    from {{audience_members}} as members
    where {to_contact}
""" + "".join(
    f"""
    union all
    select distinct '{name}', {column}
    from {{customer_profiles}}
    where customer_id <> '(unknown)' and {column} is not null
    """
    for name, column in COLUMNS.items()
)

_chosen = "\n".join(
    f"        and (%({name})s::text[] is null or {condition})" for name, condition in _conditions.items()
)

# With their number and spend, of which the list shows only the first.
CUSTOMERS = f"""
    with buyers as (
        select distinct customer_id
        from {{order_lines}}
        where
            %(of_lines)s
            and purchase_date between %(first_day)s and %(last_day)s
            and (%(categories)s::text[] is null or category = any(%(categories)s))
    )

    select
        customer_id, customer_name, email, customer_segment, rfm_segment, churn_risk, segment_name, first_purchase_date,
        last_purchase_date, days_since_last_purchase, purchase_count, total_spend, expected_revenue_365d,
        favourite_category, count(*) over () as all_customers, sum(total_spend) over () as all_spend
    from {{customer_profiles}}
    where
        customer_id <> '(unknown)'
        and (not %(of_lines)s or customer_id in (select customer_id from buyers))
        and (%(groups)s::text[] is null or customer_segment = any(%(groups)s))
        and (%(rfm_segments)s::text[] is null or rfm_segment = any(%(rfm_segments)s))
{_chosen}
        and (
            %(search)s = ''
            or strpos(lower(customer_id), %(search)s) > 0
            or strpos(lower(customer_name), %(search)s) > 0
            or strpos(lower(email), %(search)s) > 0
        )
    order by total_spend desc, customer_id
    limit %(most)s
"""
