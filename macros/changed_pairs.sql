{#-
    CTEs that end in `counted`: the pairs of products whose number of orders changed since a build, and by how many.
    Counted are the baskets that changed, and those with a product that has become frequent since: what they hold now is
    added, what they held at that build is taken off. The calling model has the CTE frequent.
-#}
{% macro changed_pairs(baskets, order_products, build) %}
    paired_before as (
        select product_number
        from {{ this }}
        where product_number = other_product_number
    ),

    -- Once frequent, a product's pairs are kept up, so that it can come and go.
    newly_paired as (
        select frequent.product_number
        from frequent
        left join paired_before on frequent.product_number = paired_before.product_number
        where paired_before.product_number is null
    ),

    paired as (
        select product_number, 1 as is_paired_before from paired_before
        union all
        select product_number, 0 as is_paired_before from newly_paired
    ),

    -- Few orders, as their product has just become frequent.
    newly_held as (
        select distinct order_products.order_id
        from {{ order_products }} as order_products
        inner join newly_paired on order_products.product_number = newly_paired.product_number
    ),

    changed_baskets as (
        select baskets.order_id, baskets.product_numbers, baskets.product_count, 1 as change
        from {{ baskets }} as baskets
        left join newly_held on baskets.order_id = newly_held.order_id
        where
            baskets.valid_to_build is null
            and (baskets.valid_from_build > {{ build }} or newly_held.order_id is not null)
        union all
        select baskets.order_id, baskets.product_numbers, baskets.product_count, -1 as change
        from {{ baskets }} as baskets
        left join newly_held on baskets.order_id = newly_held.order_id
        where
            baskets.valid_from_build <= {{ build }}
            and (
                baskets.valid_to_build > {{ build }}
                or (baskets.valid_to_build is null and newly_held.order_id is not null)
            )
    ),

    contents as (
        select
            items.order_id,
            items.change,
            items.product_number
        from {{ items_listed('changed_baskets', 'product_numbers', 'product_number') }} as items
        inner join paired on items.product_number = paired.product_number
        where
            items.product_count between 2 and {{ var('max_pair_products') }}
            and (items.change = 1 or paired.is_paired_before = 1)
    ),

    -- What an order held before and holds now cancels out, and so do the pairs of two such products.
    compared as (
        select
            contents.*,
            sum(change) over (partition by order_id, product_number) <> 0 as is_changed
        from contents
    ),

    counted as (
        select
            {{ smallest(['firsts.product_number', 'others.product_number']) }} as product_number,
            {{ largest(['firsts.product_number', 'others.product_number']) }} as other_product_number,
            sum(firsts.change) as pair_orders
        from compared as firsts
        inner join compared as others
            on
                firsts.order_id = others.order_id
                and firsts.change = others.change
                and firsts.product_number <> others.product_number
        where
            firsts.is_changed
            and (not others.is_changed or firsts.product_number < others.product_number)
        group by
            {{ smallest(['firsts.product_number', 'others.product_number']) }},
            {{ largest(['firsts.product_number', 'others.product_number']) }}
        having sum(firsts.change) <> 0
        union all
        select product_number, product_number as other_product_number, 0 as pair_orders
        from newly_paired
    ),
{% endmacro %}
