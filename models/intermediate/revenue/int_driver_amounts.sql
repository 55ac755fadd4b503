with buyer_groups as (
    select * from {{ ref('int_driver_groups') }}
),

factors as (
    select * from {{ ref('int_driver_factors') }}
),

-- All that guests paid is one sum, whatever became of their orders.
summed as (
    select
        period,
        period_from,
        buyer_group as driver,
        case when buyer_group <> 'guests' then buyers end as buyers,
        case when buyer_group = 'guests' then base_purchases + base_other_sales else base_purchases end as base_measure,
        case when buyer_group = 'guests' then purchases + other_sales else purchases end as measure
    from buyer_groups
    where buyer_group in ('new_buyers', 'resurrected_buyers', 'lost_buyers', 'guests')
    union all
    select
        period,
        period_from,
        'other_sales' as driver,
        null as buyers,
        sum(base_other_sales) as base_measure,
        sum(other_sales) as measure
    from buyer_groups
    where buyer_group <> 'guests'
    group by period, period_from
    union all
    select
        period,
        period_from,
        'refunds' as driver,
        null as buyers,
        sum(base_refunds) as base_measure,
        sum(refunds) as measure
    from buyer_groups
    group by period, period_from
),

united as (
    select
        *,
        case when driver = 'refunds' then base_measure - measure else measure - base_measure end as amount
    from summed
    union all
    select
        period,
        period_from,
        'orders_per_buyer' as driver,
        buyers,
        base_orders_per_buyer as base_measure,
        orders_per_buyer as measure,
        orders_change as amount
    from factors
    union all
    select
        period,
        period_from,
        'items_per_order' as driver,
        buyers,
        base_items_per_order as base_measure,
        items_per_order as measure,
        items_change as amount
    from factors
    union all
    select
        period,
        period_from,
        'price_per_item' as driver,
        buyers,
        base_price_per_item as base_measure,
        price_per_item as measure,
        price_change as amount
    from factors
),

typed as (
    select
        period,
        period_from,
        driver,
        cast(buyers as bigint) as buyers,
        cast(base_measure as numeric(24, 6)) as base_measure,
        cast(measure as numeric(24, 6)) as measure,
        cast(round(amount, 2) as numeric(18, 2)) as amount
    from united
)

select * from typed
