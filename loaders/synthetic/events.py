"""The event log of the synthetic subscription business as DuckDB SQL.

It has the same facts as the tables, at the same moments, in the order in which events arrive: some late, some twice
with different identifiers, some with the identifiers in the metadata. A few facts are only in the tables.
"""

from __future__ import annotations

import duckdb

from loaders.synthetic.settings import choice

CHANNELS = {"search": 44, "friend": 26, "ad": 20, "fair": 10}
REASONS = ["card expired", "insufficient funds", "bank refused"]


def define_events(database: duckdb.DuckDBPyConnection) -> None:
    """Define the view `events`, on the tables of the journey."""
    payload = {
        "user_created": f"""'"channel": "' || {choice("u('channel', number)", CHANNELS)} || '"'""",
        "payment_failed": f"""'"reason": "' || {choice("u('reason', number)", REASONS)} || '"'""",
    }
    database.execute(
        f"""
        create view facts as
        select number, 'user_created' as event_type, created_at as event_time, user_id, null as shop_id,
            null as plan_id, null as invoice_id, null::decimal(18, 2) as amount, false as is_needed
        from all_users
        union all
        select number, 'user_deleted', deleted_at, user_id, null, null, null, null, false
        from all_users where deleted_at is not null
        union all
        select all_shops.number, 'shop_created', created_at, user_id, shop_id, plan_id, null, null, false
        from all_shops inner join all_plans on all_plans.number = first_plan
        union all
        select all_shops.number, 'plan_changed', changed_at, user_id, shop_id, plan_id, null, null, true
        from all_shops inner join all_plans on all_plans.number = next_plan
        where changed_at is not null
        union all
        select number, 'shop_deleted', deleted_at, user_id, shop_id, null, null, null, false
        from all_shops where deleted_at is not null
        union all
        select invoice, 'invoice_issued', issued_at, user_id, shop_id, null, invoice_id, amount, false
        from all_invoices
        union all
        select payment, 'payment_' || status, paid_at, user_id, shop_id, null, invoice_id, amount, is_in_log_only
        from all_payments;

        create view events as
        with told as (
            -- Facts that no table has are always told, of the others three in a hundred are not.
            select *, unnest(range(if(u('twice ' || event_type, number) < 0.005, 2, 1))) as copy
            from facts
            where is_needed or u('not told ' || event_type, number) >= 0.03
                or event_type like 'user%' and u('user in log only', number) < 0.03
        ),
        arrived as (
            select
                *,
                after(event_time, case
                    when u('late ' || event_type, number) < 0.02 then 3 * u('delay', number) + 0.1
                    when u('late ' || event_type, number) < 0.10 then 0.1 * u('delay', number)
                    else 0
                end + copy * 0.02) as arrived_at,
                -- An older sender of events writes the identifiers into the metadata.
                u('old sender ' || event_type, number) < 0.1 as is_in_metadata,
                case
                    when event_type = 'user_created' then {payload["user_created"]}
                    when event_type = 'payment_failed' then {payload["payment_failed"]}
                end as payload
            from told
        ),
        written as (
            select
                *,
                concat_ws(', ', payload, if(is_in_metadata, concat_ws(', ',
                    '"user_id": "' || user_id || '"', '"shop_id": "' || shop_id || '"',
                    '"plan_id": "' || plan_id || '"', '"invoice_id": "' || invoice_id || '"'
                ), null)) as entries,
                row_number() over (order by arrived_at, event_type, number, copy) - 1 as event_number
            from arrived
        )
        select
            'E' || lpad(event_number::varchar, 9, '0') as event_id,
            event_time || 'Z' as event_time,
            event_type,
            if(is_in_metadata, null, user_id) as user_id,
            if(is_in_metadata, null, shop_id) as shop_id,
            if(is_in_metadata, null, plan_id) as plan_id,
            if(is_in_metadata, null, invoice_id) as invoice_id,
            amount,
            if(entries = '', null, '{{' || entries || '}}') as metadata
        from written
        order by event_number;
        """
    )
