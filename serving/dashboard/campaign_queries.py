"""The queries of audiences and campaigns."""

from __future__ import annotations

# Who may be listed: hold-outs are counted only.
to_contact = "members.assignment = 'treated' and members.may_be_contacted"

AUDIENCES = f"""
    select
        members.audience,
        count(*) filter (where {to_contact}) as to_contact,
        count(*) filter (where members.assignment = 'hold-out') as held_out,
        count(*) filter (where members.assignment = 'treated' and not members.may_be_contacted) as refused,
        max(members.entered_on) as newest_entry,
        sum(profiles.total_spend) filter (where {to_contact}) as spend
    from {{audience_members}} as members
    inner join {{customer_profiles}} as profiles on members.customer_id = profiles.customer_id
    group by members.audience
    order by to_contact desc, members.audience
"""

# With the number of all of them.
MEMBERS = f"""
    select
        members.customer_id, profiles.customer_name, members.reason, members.entered_on, members.valid_until,
        profiles.total_spend, count(*) over () as all_members
    from {{audience_members}} as members
    inner join {{customer_profiles}} as profiles on members.customer_id = profiles.customer_id
    where members.audience = %(audience)s and {to_contact}
    order by members.entered_on desc, profiles.total_spend desc, members.customer_id
    limit %(most)s
"""

RESULTS = "select * from {campaign_results} order by starts_on desc, campaign_id, metric"

COMPARISONS = "select * from {campaign_comparisons} order by starts_on desc, campaign_id, metric"
