"""The synthetic subscription business as DuckDB SQL: users, shops, plans, invoices, payments.

The event log has the same facts (see `events`), and a few that the tables lack.
"""

from __future__ import annotations

import duckdb

from loaders.synthetic.settings import Settings, choice

# Days of trial before the first invoice, and from an invoice to its due day.
TRIAL_DAYS, DUE_DAYS = 7, 14
# Plan, price per period, months of a period, share of the shops in percent.
PLANS = [("Basic", 19, 1, 52), ("Pro", 49, 1, 30), ("Business", 149, 1, 10), ("Pro yearly", 490, 12, 8)]
PERIODS = {1: "month", 12: "year"}


def define_journey(database: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    """Define the views `plans`, `users`, `shops`, `invoices` and `payments`, and the complete tables `all_…`."""
    _make_users_and_shops(database, settings)
    _make_invoices_and_payments(database, settings)
    database.execute(
        """
        create view plans as
        select plan_id, plan_name, price, billing_period from all_plans order by number;
        create view users as
        select user_id, email, created_at || 'Z' as created_at, deleted_at || 'Z' as deleted_at
        from all_users
        where not (planned_shops = 0 and u('user in log only', number) < 0.03)
        order by number;
        create view shops as
        select shop_id, user_id, plan_id, created_at || 'Z' as created_at, deleted_at || 'Z' as deleted_at
        from all_shops
        inner join all_plans on all_plans.number = if(changed_at is null, first_plan, next_plan)
        order by all_shops.number;
        create view invoices as
        select invoice_id, shop_id, issued_at || 'Z' as issued_at, due_at || 'Z' as due_at, amount,
            case
                when exists (
                    from all_payments
                    where all_payments.invoice_id = all_invoices.invoice_id and all_payments.status = 'succeeded'
                ) then 'paid'
                when deleted_at is not null then 'void'
                else 'open'
            end as status
        from all_invoices
        order by issued_at, invoice_id;
        create view payments as
        select payment_id, invoice_id, paid_at || 'Z' as paid_at, amount, status
        from all_payments
        where not is_in_log_only
        order by paid_at, payment_id;
        """
    )


def _make_users_and_shops(database: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    plans = [
        f"({number}, 'PL{number + 1}', '{name}', {price}::decimal(18, 2), '{PERIODS[months]}', {months})"
        for number, (name, price, months, _) in enumerate(PLANS)
    ]
    shares = {number: share for number, (*_, share) in enumerate(PLANS)}
    database.execute(
        f"""
        create table all_plans as
        from (values {", ".join(plans)}) as entries(number, plan_id, plan_name, price, billing_period, months);

        create macro after(moment, days) as moment + to_seconds(floor(86400 * (days))::bigint);

        create table all_users as
        with created as (
            select
                number,
                'U' || lpad(number::varchar, 7, '0') as user_id,
                after({settings.start}, {settings.days} * (number + u('created', number)) / {settings.users})
                    as created_at,
                {choice("u('shops', number)", {0: 25, 1: 52, 2: 18, 3: 5})} as planned_shops
            from range({settings.users}) as numbers(number)
        )
        select
            *,
            'owner' || number || '@shops.example' as email,
            case when u('deletes', number) < 0.08 and after(created_at, 1 + 250 * u('deleted', number)) < {settings.end}
                then after(created_at, 1 + 250 * u('deleted', number)) end as deleted_at
        from created;

        -- How a shop goes: 0 deleted before the first invoice, 1 deleted later, 2 stops paying, 3 never pays, 4 pays
        -- one invoice long after it is due and the others in time, 5 pays.
        create table all_shops as
        with opened as (
            select
                all_users.number * 3 + place as number,
                all_users.user_id,
                all_users.deleted_at as user_deleted_at,
                after(
                    all_users.created_at,
                    if(place = 0, 0.005 - 4 * ln(1 - u('opened', all_users.number * 3)),
                        20 + 90 * (place - 1 + u('opened', all_users.number * 3 + place)))
                ) as created_at
            from all_users, unnest(range(all_users.planned_shops)) as places(place)
        ),
        planned as (
            select
                *,
                {choice("u('way', number)", {0: 8, 1: 14, 2: 8, 3: 6, 4: 9, 5: 55})} as way,
                {choice("u('plan', number)", shares)} as first_plan,
                -- Of months 1 to 6, the one from which a shop does not pay.
                1 + floor(6 * u('stops', number))::int as stops,
                case when u('changes', number) < 0.15 then after(created_at, 35 + 180 * u('changed', number)) end
                    as changed_at
            from opened
            where created_at < least({settings.end}, coalesce(user_deleted_at, {settings.end}))
        ),
        ended as (
            select
                *,
                case way
                    when 0 then after(created_at, 0.1 + 6 * u('ends', number))
                    when 1 then after(created_at, 25 + 280 * u('ends', number))
                end as own_end
            from planned
        ),
        deleted as (
            select
                *,
                case when least(own_end, user_deleted_at) < {settings.end} then least(own_end, user_deleted_at) end
                    as deleted_at
            from ended
        )
        select
            * exclude (own_end, changed_at),
            'S' || lpad(number::varchar, 7, '0') as shop_id,
            (first_plan + 1) % 3 as next_plan,
            case when changed_at < coalesce(deleted_at, {settings.end}) and first_plan < 3 then changed_at end
                as changed_at
        from deleted;
        """
    )


def _make_invoices_and_payments(database: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    database.execute(
        f"""
        create table all_invoices as
        with issued as (
            select
                all_shops.*,
                month,
                all_shops.number * 1000 + month as invoice,
                after(all_shops.created_at, {TRIAL_DAYS}) + to_months(month::int) as issued_at
            from all_shops, unnest(range({settings.days // 28 + 1})) as months(month)
        )
        select
            issued.invoice,
            'I' || lpad(issued.invoice::varchar, 10, '0') as invoice_id,
            issued.shop_id,
            issued.user_id,
            issued.deleted_at,
            issued.issued_at,
            after(issued.issued_at, {DUE_DAYS}) as due_at,
            all_plans.price as amount,
            case
                when issued.way = 2 and issued.month >= issued.stops or issued.way = 3 then 'never'
                when issued.way = 4 and issued.month = issued.stops then 'long after'
                when u('paid', issued.invoice) < 0.84 then 'in time'
                when u('paid', issued.invoice) < 0.93 then 'second time'
                when u('paid', issued.invoice) < 0.98 then 'late'
                else 'long after'
            end as course
        from issued
        inner join all_plans
            on all_plans.number = if(issued.changed_at <= issued.issued_at, issued.next_plan, issued.first_plan)
        where
            issued.issued_at < coalesce(issued.deleted_at, {settings.end})
            and issued.month % all_plans.months = 0
            -- Nobody is sent a third invoice after two unpaid ones, or a new one while an old one is long due.
            and not (issued.way = 2 and issued.month > issued.stops + 1 or issued.way = 3 and issued.month > 1)
            and not (issued.way = 4 and issued.month between issued.stops + 1 and issued.stops + 4);

        create table all_payments as
        with attempts as (
            select
                *,
                unnest(case course
                    when 'in time' then [
                        {{'status': 'succeeded', 'at': after(issued_at, 0.01 + 13 * u('at', invoice))}}
                    ]
                    when 'second time' then [
                        {{'status': 'failed', 'at': after(issued_at, 0.01 + 9 * u('at', invoice))}},
                        {{'status': 'succeeded', 'at': after(issued_at, 9.5 + 4 * u('again', invoice))}}
                    ]
                    when 'late' then [
                        {{'status': 'failed', 'at': after(issued_at, 8 + 5 * u('at', invoice))}},
                        {{'status': 'failed', 'at': after(due_at, 1.5 * u('again', invoice))}},
                        {{'status': 'succeeded', 'at': after(due_at, 2 + 26 * u('late', invoice))}}
                    ]
                    when 'long after' then [
                        {{'status': 'failed', 'at': after(issued_at, 8 + 5 * u('at', invoice))}},
                        {{'status': 'succeeded', 'at': after(due_at, 32 + 60 * u('late', invoice))}}
                    ]
                    else [{{'status': 'failed', 'at': after(issued_at, 8 + 5 * u('at', invoice))}}]
                end) as attempt
            from all_invoices
        ),
        numbered as (
            select
                *,
                attempt.status as status,
                attempt.at as paid_at,
                row_number() over (partition by invoice order by attempt.at) as attempt_number
            from attempts
        )
        select
            'PM' || lpad(invoice::varchar, 10, '0') || attempt_number as payment_id,
            invoice * 4 + attempt_number as payment,
            invoice_id,
            shop_id,
            user_id,
            paid_at,
            amount,
            status,
            u('payment in log only', invoice * 4 + attempt_number) < 0.02 as is_in_log_only
        from numbered
        where paid_at < coalesce(deleted_at, {settings.end});
        """
    )
