"""Synthetic products that customers own, as DuckDB SQL, for synthetic or real customers and products."""

from __future__ import annotations

import duckdb

from loaders.synthetic.settings import Settings, choice

TYPES = {"subscription": 60, "trial": 22, "warranty": 18}


def define_subscriptions(database: duckdb.DuckDBPyConnection, settings: Settings, holders: str, goods: str) -> None:
    """Define the view `customer_products`.

    Args:
        database: DuckDB with the macro `u`.
        settings: Period and seed.
        holders: Query of the customers that may own products (`number` from 0, `customer_id`, `since`).
        goods: Query of the products that may be owned (`number` from 0, `product_id`, `price`).
    """
    database.execute(
        f"""
        create table goods as {goods};
        create view customer_products as
        with relationships as (
            select
                holders.customer_id,
                holders.number * 3 + place as number,
                {choice("u('relationship', holders.number * 3 + place)", TYPES)} as relationship_type,
                greatest(holders.since, {settings.start}::date)
                + floor(u('held since', holders.number * 3 + place) * (
                    {settings.end}::date - greatest(holders.since, {settings.start}::date)
                ))::int as start_date
            from ({holders}) as holders, unnest(range(3)) as places(place)
            where u('holds', holders.number * 3 + place) < [0.3, 0.12, 0.05][place + 1]
        ),
        ended as (
            select
                *,
                case relationship_type
                    when 'trial' then start_date + 29
                    when 'warranty' then start_date + 729
                    when 'subscription' then case when u('held until', number) < 0.35
                        then start_date + 30 * (1 + floor(8 * u('months', number))::int) - 1 end
                end as end_date
            from relationships
        )
        select
            'R' || lpad(ended.number::varchar, 8, '0') as relationship_id,
            ended.customer_id,
            goods.product_id,
            ended.relationship_type,
            ended.start_date,
            -- The end of a subscription is known when it is cancelled, that of the others from the start.
            case when relationship_type <> 'subscription' or end_date < {settings.end}::date then end_date end
                as end_date,
            (goods.price * case relationship_type when 'trial' then 0 when 'warranty' then 0.1 else 1 end)
                ::decimal(18, 2) as value
        from ended
        inner join goods
            on goods.number = floor((select count(*) from goods) * u('holds product', ended.number) ** 2)::bigint
        order by ended.number
        """
    )
