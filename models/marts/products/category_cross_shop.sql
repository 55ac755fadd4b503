with pairs as (
    select * from {{ ref('int_category_pairs') }}
),

order_categories as (
    select * from {{ ref('int_order_categories') }}
),

orders as (
    select * from {{ ref('int_orders') }}
),

totals as (
    select count(*) as total_orders
    from orders
    where is_purchase
),

categories as (
    select
        category,
        category_number,
        count(*) as category_orders
    from order_categories
    group by category, category_number
),

both_directions as (
    select
        category_number,
        other_category_number,
        pair_orders
    from pairs
    union all
    select
        other_category_number as category_number,
        category_number as other_category_number,
        pair_orders
    from pairs
),

-- No integers from here: products of counts may be large, and quotients of integers lose their fraction.
counted as (
    select
        categories.category,
        other_categories.category as other_category,
        both_directions.pair_orders,
        categories.category_orders,
        other_categories.category_orders as other_category_orders,
        totals.total_orders,
        cast(both_directions.pair_orders as {{ dbt.type_numeric() }}) as together,
        cast(categories.category_orders as {{ dbt.type_numeric() }}) * other_categories.category_orders as by_chance
    from both_directions
    inner join categories on both_directions.category_number = categories.category_number
    inner join categories as other_categories
        on both_directions.other_category_number = other_categories.category_number
    cross join totals
),

measured as (
    select
        category,
        other_category,
        pair_orders,
        category_orders,
        other_category_orders,
        total_orders,
        {{ rounded_quotient('together', 'category_orders', 12, 9) }} as confidence,
        {{ rounded_quotient('together * total_orders', 'by_chance', 18, 6) }} as lift
    from counted
)

select * from measured
