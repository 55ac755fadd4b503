{#- As by default, but joined by small numbers of the baskets, not by text, and with baskets taken apart once. -#}
{% macro duckdb__counted_pairs(baskets, products) -%}
    with numbered as materialized (
        select
            product_numbers,
            cast(row_number() over () as integer) as basket_number
        from {{ baskets }}
        where
            valid_to_build is null
            and product_count between 2 and {{ var('max_pair_products') }}
    ),

    items as materialized (
        select
            listed.basket_number,
            listed.product_number
        from {{ items_listed('numbered', 'product_numbers', 'product_number') }} as listed
        cross join ({{ last_paired(products) }}) as last_paired
        where listed.product_number <= last_paired.product_number
    )

    select
        firsts.product_number,
        others.product_number as other_product_number,
        count(*) as pair_orders
    from items as firsts
    inner join items as others
        on
            firsts.basket_number = others.basket_number
            and firsts.product_number < others.product_number
    group by firsts.product_number, others.product_number
{%- endmacro %}
