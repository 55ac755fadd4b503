{%- set currencies = [
    'usd', 'jpy', 'bgn', 'cyp', 'czk', 'dkk', 'eek', 'gbp', 'huf', 'ltl', 'lvl', 'mtl', 'pln', 'rol', 'ron',
    'sek', 'sit', 'skk', 'chf', 'isk', 'nok', 'hrk', 'rub', 'trl', 'try', 'aud', 'brl', 'cad', 'cny', 'hkd',
    'idr', 'ils', 'inr', 'krw', 'mxn', 'myr', 'nzd', 'php', 'sgd', 'thb', 'zar',
] -%}

with source as (
    select * from {{ source('ecb', 'ecb_rates') }}
),

listed as (
    {% for currency in currencies %}
        select
            '{{ currency | upper }}' as currency,
            rate_date,
            {{ currency }} as rate
        from source
        {{ 'union all' if not loop.last }}
    {% endfor %}
),

published as (
    select * from listed
    where rate > 0
)

select * from published
