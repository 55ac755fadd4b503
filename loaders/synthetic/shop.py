"""The synthetic shop's customers and products as DuckDB SQL, and the seasons of its year.

Everything is a function of the seed and a row's number. Customers are numbered from 0 in the order of their
registration.
"""

from __future__ import annotations

import duckdb

from loaders.synthetic.settings import Settings, choice

# Resolution of the seasons of year, week and day in the stream of orders.
TIME_BUCKETS = 50_000

FIRST_NAMES = [
    "Ada", "Ben", "Carla", "Dmitri", "Elif", "Farid", "Grace", "Hiro", "Inés", "Jonas", "Kofi", "Léa", "Mateo", "Nadia",
    "Olu", "Priya", "Søren", "Yuki", "Zoë",
]  # fmt: skip
LAST_NAMES = [
    "Chen", "Costa", "Dubois", "García", "Kaya", "Larsen", "Müller", "Novák", "Nowak", "O'Brien", "Okafor", "Rossi",
    "Singh", "Smith", "Tanaka",
]  # fmt: skip
CITIES = {
    "Berlin": 22, "Hamburg": 16, "München": 14, "Köln": 11, "Wien": 10, "Zürich": 9, "Leipzig": 8, "Graz": 6, "Kiel": 4
}  # fmt: skip
AGE_GROUPS = {"18-24": 12, "25-34": 26, "35-44": 24, "45-54": 18, "55-64": 12, "65+": 8}
SEGMENTS = {"standard": 68, "premium": 22, "business": 10}
# Category, share of the products, lowest price, the highest as a multiple of it, and the types of product.
CATEGORIES = [
    ("Food", 7, 1.2, 18, ["coffee", "tea", "bread", "cheese, aged", "chocolate"]),
    ("Clothing", 5, 9.9, 14, ["shirt", "shoes", "jacket", "socks"]),
    ("Electronics", 3, 14.9, 35, ["headphones", "phone", "charger", 'screen 27"']),
    ("Books", 3, 4.9, 9, ["novel", "guide", "comic"]),
    ("Home", 2, 7.5, 30, ["lamp", "towel", "chair"]),
]
SHELVES = sum(share for _, share, *_ in CATEGORIES)


def define_shop(database: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    """Define the views `customers` and `products`, and what they and the orders are based on."""
    _define_seasons(database, settings)
    _define_customers(database, settings)
    _define_products(database, settings)


def _define_seasons(database: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    """Define `seconds`: the second of the period by which each fifty-thousandth of the orders has arrived."""
    hours = settings.days * 24
    database.execute(
        f"""
        create table seconds as
        with hours as (
            select range as hour, {settings.start} + to_hours(range) as moment from range({hours})
        ),
        weighed as (
            select
                hour,
                [0.8, 0.8, 0.85, 0.95, 1.2, 1.5, 1.1][isodow(moment)]
                * (0.03 + 0.97 * greatest(0, sin(pi() * (hour(moment) - 6) / 17)))
                * (1 + 0.12 * sin(2 * pi() * (dayofyear(moment) - 80) / 365.25))
                * case
                    when strftime(moment, '%m-%d') between '11-24' and '12-23' then 1.7
                    when month(moment) = 1 then 0.8
                    else 1
                end
                * (1 + 0.3 * hour / {hours}) as weight
            from hours
        ),
        shares as (
            select
                hour,
                weight / (sum(weight) over ()) as width,
                (sum(weight) over (order by hour) - weight) / (sum(weight) over ()) as share
            from weighed
        ),
        buckets as (
            select range as bucket, range / {TIME_BUCKETS}::double as share from range({TIME_BUCKETS} + 1)
        ),
        reached as (
            select
                buckets.bucket,
                3600 * (shares.hour + least(1, (buckets.share - shares.share) / shares.width)) as second
            from buckets
            asof inner join shares on buckets.share >= shares.share
        )
        select bucket, second, coalesce(lead(second) over (order by bucket), {hours * 3600}) - second as width
        from reached
        order by bucket
        """
    )


def _define_customers(database: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    customers = settings.customers
    database.execute(
        f"""
        -- Two fifths of the customers are there at the start, the others join along with the orders.
        create macro joined(customer) as greatest(0, (customer / {customers}::double - 0.4) / 0.6);
        create macro left_at(customer) as joined(customer) + (1 - joined(customer)) * u('leaves', customer);
        create macro is_active(customer, share) as case
            when u('loyalty', customer) < 0.25 then share < left_at(customer)
            when u('loyalty', customer) < 0.40
                then share not between left_at(customer) and left_at(customer) + 0.15 + 0.25 * u('away', customer)
            else true
        end;
        create macro customer_id(customer) as 'C' || lpad(customer::bigint::varchar, 7, '0');
        create macro first_name(customer) as {choice("u('first name', customer)", FIRST_NAMES)};
        create macro last_name(customer) as {choice("u('last name', customer)", LAST_NAMES)};
        create macro email(customer) as case when u('email', customer) < 0.95 then
            regexp_replace(lower(strip_accents(first_name(customer) || '.' || last_name(customer))), '[^a-z.]', '', 'g')
            || customer::bigint || '@example.' || if(customer % 3 = 0, 'org', 'com')
        end;

        create view customers as
        select
            customer_id(number) as customer_id,
            first_name(number) || ' ' || last_name(number) as customer_name,
            email(number) as email,
            {choice("u('segment', number)", SEGMENTS)} as customer_segment,
            {choice("u('age', number)", AGE_GROUPS)} as age_group,
            {choice("u('city', number)", CITIES)} as location,
            if(u('loyalty', number) < 0.25 and left_at(number) < 0.9, 'inactive', 'active') as status,
            {settings.start} + to_seconds(
                if(
                    joined(number) > 0,
                    floor(second)::bigint - 60,
                    -3600 - floor(63e6 * (1 - number / (0.4 * {customers} + 1)))::bigint
                )
            ) || 'Z' as registered_at,
            case when u('consent', number) < 0.9 then u('consent', number) < 0.7 end as consent
        from range({customers}) as numbers(number)
        inner join seconds on seconds.bucket = floor({TIME_BUCKETS} * joined(number))::bigint
        order by number;
        """
    )


def _define_products(database: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    """Create the products, popular ones first; the number modulo SHELVES gives the category."""
    entries = [entry for entry in CATEGORIES for _ in range(entry[1])]
    slots = [
        f"({slot}, '{name}', {price}, {times}, {types})" for slot, (name, _, price, times, types) in enumerate(entries)
    ]
    database.execute(
        f"""
        create table catalogue as
        with slots as (
            from (values {", ".join(slots)}) as entries(slot, category, lowest, times, types)
        )
        select
            number,
            'P' || lpad(number::varchar, 6, '0') as product_id,
            category,
            types[1 + floor(len(types) * u('type', number))::int] as product_type,
            (lowest * (1 + (times - 1) * u('price', number) ** 3))::decimal(18, 2) as price,
            (price * (0.35 + 0.4 * u('cost', number)))::decimal(18, 2) as unit_cost
        from range({settings.products}) as numbers(number)
        inner join slots on slots.slot = number % {SHELVES}
        order by number;

        create view products as
        select
            product_id,
            upper(product_type[1]) || product_type[2:] || ' ' || number as product_name,
            category,
            product_type,
            price,
            unit_cost,
            ({settings.start} - to_days(floor(900 * u('launch', number))::int))::date as launched_on,
            if(u('discontinued', number) < 0.06, 'discontinued', 'active') as status
        from catalogue
        order by number;
        """
    )
