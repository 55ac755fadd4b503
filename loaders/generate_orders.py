"""The synthetic shop's transaction lines as SQL of DuckDB.

A line is a function of the seed and its number, so it can be made without the lines before it: a refund knows the line
that it takes back, and ten million lines need no more memory than ten. Lines fall into blocks with the same sequence of
order sizes, so a line's number tells its order; orders are in the order of time.
"""

from __future__ import annotations

import duckdb

from loaders.generate_settings import Settings, choice
from loaders.generate_shop import SHELVES, TIME_BUCKETS

# Sizes of the orders in a block. The last two slots take back lines of an earlier block, once there is one.
SIZES = [int(size) for size in "12132145131221321216213141228312132451"] + [1, 2]
ORDERS_PER_BLOCK, LINES_PER_BLOCK = len(SIZES), sum(SIZES)
# Days from a sale to its refund, by turns.
REFUND_DAYS = (4, 16)


def orders_for(settings: Settings) -> int:
    """Return how many orders hold so many lines; the last block may be cut short."""
    return -(-settings.transactions // LINES_PER_BLOCK) * ORDERS_PER_BLOCK


def define_transactions(database: duckdb.DuckDBPyConnection, settings: Settings, currency: str) -> None:
    """Define the view `transactions`, on the tables and macros of the shop."""
    _define_orders(database, settings)
    moment = f"{settings.start} + to_seconds(floor(second + width * (arrival - floor(arrival)))::bigint)"
    query = lines_query(0, settings.transactions, moment, currency)
    database.execute(f"create view transactions as {query}")


def lines_query(first: int, last: int, moment: str, currency: str) -> str:
    """Return the query of the lines with numbers from `first` up to `last`.

    Args:
        first: Number of the first line.
        last: Number behind the last line.
        moment: Moment of an order, as SQL over its `slot`, its `arrival` and the table `seconds`.
        currency: Currency of all amounts.
    """
    return f"""
        with placed as (
            select
                numbers.number,
                numbers.number // {LINES_PER_BLOCK} * {ORDERS_PER_BLOCK} + layout.slot as slot,
                layout.slot as place,
                layout.line,
                numbers.number // {LINES_PER_BLOCK} as block
            from range({first}, {last}) as numbers(number)
            inner join layout on layout.place = numbers.number % {LINES_PER_BLOCK}
        ),
        sold as (
            select
                number,
                slot,
                least({TIME_BUCKETS} - 1e-6, bucket_of(slot + u('moment', slot))) as arrival,
                is_refund(block, place) as is_refund,
                -- Of a refund, order and line that it takes back.
                case when is_refund then refunded_slot(block, place) else slot end as sold_slot,
                case when is_refund and place = {ORDERS_PER_BLOCK - 2} then 2 else line end as sold_line
            from placed
        ),
        bought as (
            select
                *,
                buyer(sold_slot) as customer,
                product(sold_slot, sold_line, customer) as product,
                quantity(sold_slot, sold_line) * if(is_refund, -1, 1) as quantity
            from sold
        )
        select
            'T' || lpad(bought.number::varchar, 9, '0') as transaction_id,
            'O' || lpad(bought.sold_slot::varchar, 9, '0') as order_id,
            if(u('by email', sold_slot) < 0.03 and email(customer) is not null, null, customer_id(customer))
                as customer_id,
            case
                when customer is null then guest_email(sold_slot)
                when u('by email', sold_slot) < 0.03 then email(customer)
            end as customer_email,
            catalogue.product_id,
            catalogue.category,
            bought.quantity,
            (bought.quantity * catalogue.price * if(u('discount', sold_slot) < 0.12, 0.9, 1))::decimal(18, 2) as amount,
            '{currency}' as currency,
            {moment} || 'Z' as transacted_at
        from bought
        inner join catalogue on bought.product = catalogue.number
        inner join seconds on floor(bought.arrival)::bigint = seconds.bucket
    """


def _define_orders(database: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    """Define the layout of a block, and the macros that tell an order's buyer and products."""
    orders, customers = orders_for(settings), settings.customers
    # An even number of blocks, so that two refunds with different lags never take back the same line.
    lags = [max(2, 2 * round(days * orders / settings.days / ORDERS_PER_BLOCK / 2)) for days in REFUND_DAYS]
    large = [slot for slot, size in enumerate(SIZES[:-2]) if size >= 3]
    pairs = [slot for slot, size in enumerate(SIZES[:-2]) if size == 2]
    candidates = " ".join(
        f"when is_active(candidate({number}, slot), share(slot)) then candidate({number}, slot)" for number in range(3)
    )
    database.execute(
        f"""
        create table layout as
        select row_number() over (order by slot, line) - 1 as place, slot, line
        from (
            select slot, unnest(range(size)) as line
            from (select unnest(range({ORDERS_PER_BLOCK})) as slot, unnest({SIZES}) as size)
        );
        create macro share(slot) as least(1, slot / {orders}::double);
        create macro bucket_of(slot) as {TIME_BUCKETS} * (slot / {orders}::double);

        create macro lag_of(block) as if(block % 2 = 0, {lags[0]}, {lags[1]});
        create macro is_refund(block, place) as place >= {ORDERS_PER_BLOCK - 2} and block >= lag_of(block);
        create macro refunded_slot(block, place) as (block - lag_of(block)) * {ORDERS_PER_BLOCK} + if(
            place = {ORDERS_PER_BLOCK - 2},
            {large}[1 + floor({len(large)} * u('refund', block))::int],
            {pairs}[1 + floor({len(pairs)} * u('refund', block))::int]
        );

        -- A few customers buy much: by chance only every 8th or every 64th is drawn.
        create macro step(draw) as {choice("u('step', draw)", {"1": 55, "8": 30, "64": 15})}::int;
        create macro known(slot) as greatest(1, {customers} * (0.4 + 0.6 * share(slot)));
        create macro candidate(number, slot) as (
            floor(u('buyer', slot * 4 + number) * known(slot) / step(slot * 4 + number)) * step(slot * 4 + number)
        )::bigint;
        -- Where none of three is a customer at the time, a guest buys.
        create macro buyer(slot) as case {candidates} end;
        create macro guest_email(slot) as
            'guest' || floor({customers / 20 + 1} * u('guest', slot))::bigint || '@mail.example';

        -- Four in ten lines are of the buyer's favourite category; some products are bought along with the one before.
        create macro shelf(slot, line, customer) as floor({SHELVES} * case
            when u('favourite', slot * 16 + line) < 0.4 and customer is not null then u('taste', customer)
            else u('shelf', slot * 16 + line)
        end)::bigint;
        create macro own_product(slot, line, customer) as least(
            floor({settings.products / SHELVES} * u('product', slot * 16 + line) ** 2.2)::bigint * {SHELVES}
            + shelf(slot, line, customer),
            {settings.products - 1}
        );
        create macro product(slot, line, customer) as case
            when line > 0 and u('along', slot * 16 + line) < 0.3
                then (own_product(slot, line - 1, customer) + 7) % {settings.products}
            else own_product(slot, line, customer)
        end;
        create macro quantity(slot, line) as
            {choice("u('quantity', slot * 16 + line)", {"1": 65, "2": 20, "3": 10, "6": 5})}::int;
        """
    )
