-- The unknown category is left out, as two lines without a category may be of different ones.
with order_categories as (
    select
        order_number,
        category_number
    from {{ ref('int_order_categories') }}
    where category <> '(unknown)' and category_count between 2 and {{ var('max_pair_products') }}
),

paired as (
    select
        firsts.category_number,
        others.category_number as other_category_number,
        count(*) as pair_orders
    from order_categories as firsts
    inner join order_categories as others
        on
            firsts.order_number = others.order_number
            and firsts.category_number < others.category_number
    group by firsts.category_number, others.category_number
    having count(*) >= {{ var('min_pair_orders') }}
)

select * from paired
