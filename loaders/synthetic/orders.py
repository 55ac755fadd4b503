"""The synthetic shop's transaction lines as DuckDB SQL.

A line is a function of the seed and its number, so it can be made without the lines before it: a refund can compute the
line that it reverses, and ten million lines need no more memory than ten. Lines are in blocks with the same sequence of
order sizes, so a line's number determines its order; orders are sorted by time.
"""

from __future__ import annotations

import itertools

import duckdb

from loaders.synthetic.settings import Settings, choice
from loaders.synthetic.shop import SHELVES, TIME_BUCKETS

# Sizes of the orders in a block. The last two slots refund lines of an earlier block, once there is one.
SIZES = [int(size) for size in "12132145131221321216213141228312132451"] + [1, 2]
ORDERS_PER_BLOCK, LINES_PER_BLOCK = len(SIZES), sum(SIZES)
PARTIAL = ORDERS_PER_BLOCK - 2
# Days from a sale to its refund, in turn.
REFUND_DAYS = (4, 16)


def orders_for(settings: Settings) -> int:
    """Return the number of orders for the lines; the last one may be incomplete."""
    blocks, rest = divmod(settings.transactions, LINES_PER_BLOCK)
    last = next(count for count, lines in enumerate(itertools.accumulate(SIZES, initial=0)) if lines >= rest)
    return blocks * ORDERS_PER_BLOCK + last


def define_transactions(database: duckdb.DuckDBPyConnection, settings: Settings, currency: str) -> None:
    """Define the view `transactions`, on the tables and macros of the shop."""
    database.execute(
        f"""
        create table layout as
        select row_number() over (order by slot, line) - 1 as number, slot as place, line
        from (
            select slot, unnest(range(size)) as line
            from (select unnest(range({ORDERS_PER_BLOCK})) as slot, unnest({SIZES}) as size)
        )
        """
    )
    moment = f"{settings.start} + to_seconds(floor(second + width * (instant - floor(instant)))::bigint)"
    query = lines_query(settings, 0, settings.transactions, moment, currency)
    database.execute(f"create view transactions as {query}")


def lines_query(settings: Settings, first: int, last: int, moment: str, currency: str) -> str:
    """Return the query of the lines with numbers from `first` up to `last`, in their order.

    Args:
        settings: Size of the data.
        first: Number of the first line.
        last: Number after the last line.
        moment: Moment of an order, as SQL over its `slot`, its `instant` in buckets, and `seconds`.
        currency: Currency of all amounts.
    """
    orders, customers, products = orders_for(settings), settings.customers, settings.products
    # An even number of blocks, so that two refunds with different lags never reverse the same line.
    lags = [max(2, 2 * round(days * orders / settings.days / ORDERS_PER_BLOCK / 2)) for days in REFUND_DAYS]
    refunded_large, refunded_pair = (
        choice("u('refund', block)", [place for place, size in enumerate(SIZES[:PARTIAL]) if size in sizes])
        for sizes in (range(3, 9), (2,))
    )
    steps = [choice(f"u('step', sale * 4 + {n})", {1: 55, 8: 30, 64: 15}) + f" as step_{n}" for n in range(3)]
    buyers = [f"floor(u('buyer', sale * 4 + {n}) * known / step_{n})::bigint * step_{n} as buyer_{n}" for n in range(3)]
    found = [f"when is_active(buyer_{n}, share) then buyer_{n}" for n in range(3)]
    return f"""
        with placed as (
            select
                numbers.number,
                numbers.number // {LINES_PER_BLOCK} as block,
                block * {ORDERS_PER_BLOCK} + layout.place as slot,
                layout.place,
                layout.line,
                if(block % 2 = 0, {lags[0]}, {lags[1]}) as lag,
                layout.place >= {PARTIAL} and block >= lag as is_refund
            from range({first}, {last}) as numbers(number)
            inner join layout on layout.number = numbers.number % {LINES_PER_BLOCK}
        ),
        -- Of a refund, the order and the line that it takes back: the third line of a large order, or both of two.
        sold as (
            select
                number,
                slot,
                {TIME_BUCKETS}::double * least(1 - 1e-9, (slot + u('moment', slot)) / {orders}) as instant,
                if(is_refund, -1, 1) as sign,
                case
                    when not is_refund then slot
                    when place = {PARTIAL} then (block - lag) * {ORDERS_PER_BLOCK} + {refunded_large}
                    else (block - lag) * {ORDERS_PER_BLOCK} + {refunded_pair}
                end as sale,
                if(is_refund and place = {PARTIAL}, 2, line) as sold_line
            from placed
        ),
        -- A few customers buy much: by chance only every 8th or every 64th is drawn.
        stepped as (
            select *, least(1, sale / {orders}::double) as share, {", ".join(steps)}
            from sold
        ),
        drawn as (
            select *, greatest(1, {customers} * (0.4 + 0.6 * share)) as known, {", ".join(buyers)}
            from stepped
        ),
        -- Where none of three is a customer at the time, a guest buys. Some products go along with the one before.
        bought as (
            select
                *,
                case {" ".join(found)} end as customer,
                sold_line > 0 and u('along', sale * 16 + sold_line) < 0.3 as is_along,
                sale * 16 + sold_line - if(is_along, 1, 0) as chance,
                u('by email', sale) < 0.03 as is_by_email
            from drawn
        ),
        -- Four in ten lines are of the buyer's favourite category.
        chosen as (
            select
                *,
                floor({SHELVES} * case
                    when u('favourite', chance) < 0.4 and customer is not null then u('taste', customer)
                    else u('shelf', chance)
                end)::bigint as shelf,
                least(
                    floor({products / SHELVES} * u('product', chance) ** 2.2)::bigint * {SHELVES} + shelf,
                    {products - 1}
                ) as wanted,
                if(is_along, (wanted + 7) % {products}, wanted) as product,
                sign * {choice("u('quantity', sale * 16 + sold_line)", {1: 65, 2: 20, 3: 10, 6: 5})} as quantity,
                if(customer is null or is_by_email, email(customer), null) as email
            from bought
        )
        select
            'T' || lpad(chosen.number::varchar, 9, '0') as transaction_id,
            'O' || lpad(chosen.sale::varchar, 9, '0') as order_id,
            if(chosen.email is null, customer_id(chosen.customer), null) as customer_id,
            if(
                chosen.customer is null,
                'guest' || floor({customers / 20 + 1} * u('guest', chosen.sale))::bigint || '@mail.example',
                chosen.email
            ) as customer_email,
            catalogue.product_id,
            catalogue.category,
            chosen.quantity,
            (chosen.quantity * catalogue.price * if(u('discount', chosen.sale) < 0.12, 0.9, 1))::decimal(18, 2)
                as amount,
            (abs(chosen.quantity) * catalogue.unit_cost)::decimal(18, 2) as cost,
            '{currency}' as currency,
            {moment} || 'Z' as transacted_at
        from chosen
        inner join catalogue on chosen.product = catalogue.number
        inner join seconds on floor(chosen.instant)::bigint = seconds.bucket
    """
