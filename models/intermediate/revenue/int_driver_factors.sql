with buyer_groups as (
    select * from {{ ref('int_driver_groups') }}
    where buyer_group = 'returning_buyers'
),

-- Floating point, so that all engines divide alike.
counted as (
    select
        period,
        period_from,
        buyers,
        cast(base_order_count as {{ type_double() }}) as base_orders,
        cast(order_count as {{ type_double() }}) as orders,
        cast(base_items as {{ type_double() }}) as base_items,
        cast(items as {{ type_double() }}) as items,
        cast(base_purchases as {{ type_double() }}) as base_purchases,
        cast(purchases as {{ type_double() }}) as purchases,
        cast(round(purchases - base_purchases, 2) as numeric(18, 2)) as total_change
    from buyer_groups
),

-- Whoever bought nothing but free goods paid no price. It counts as unchanged, and the change is one of items.
priced as (
    select
        *,
        coalesce(base_purchases / nullif(base_items, 0), purchases / nullif(items, 0), 0) as base_price,
        coalesce(purchases / nullif(items, 0), base_purchases / nullif(base_items, 0), 0) as price
    from counted
),

-- The change of one factor, times the mean of the other: what remains if either is changed first, on average.
split as (
    select
        *,
        {{ rounded_quotient(
            '(orders - base_orders) * (base_purchases * orders + purchases * base_orders)', '(2 * base_orders * orders)',
            18, 2
        ) }} as orders_change,
        {{ rounded_quotient(
            '(base_orders + orders) * (items * base_orders - base_items * orders) * (base_price + price)',
            '(4 * base_orders * orders)', 18, 2
        ) }} as items_change
    from priced
),

measured as (
    select
        period,
        period_from,
        buyers,
        {{ rounded_quotient('base_orders', 'buyers', 24, 6) }} as base_orders_per_buyer,
        {{ rounded_quotient('orders', 'buyers', 24, 6) }} as orders_per_buyer,
        {{ rounded_quotient('base_items', 'base_orders', 24, 6) }} as base_items_per_order,
        {{ rounded_quotient('items', 'orders', 24, 6) }} as items_per_order,
        {{ rounded_quotient('base_purchases', 'nullif(base_items, 0)', 24, 6) }} as base_price_per_item,
        {{ rounded_quotient('purchases', 'nullif(items, 0)', 24, 6) }} as price_per_item,
        orders_change,
        items_change,
        cast(total_change - orders_change - items_change as numeric(18, 2)) as price_change
    from split
)

select * from measured
