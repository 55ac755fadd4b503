{{
    config(
        materialized='incremental',
        incremental_strategy='merge',
        unlogged=false,
        unique_key=['product_number', 'other_product_number'],
        pre_hook='{{ scan_by_one_process() }}',
    )
}}
{#-
    Eight parts by the first product: each is counted whole by one process (no scan is shared, by the hook), with a hash
    table that fits into memory. One count of everything would send every process's share to one, which adds them up.
    Tables are named in each part and not imported once, as no part can run in parallel on a CTE that several read.
-#}
{%- set parts = 8 -%}
{%- set build = seen_build() %}

with frequent as (
    select product_number
    from {{ ref('int_product_orders_counted') }}
    where order_count >= {{ var('min_pair_orders') }}
),

{% if is_incremental() %}
    {{ changed_pairs(ref('int_order_baskets_versioned'), build) }}
{% else %}
    -- Products are numbered by popularity, so up to the last frequent one few are not.
    counted as (
        {%- for part in range(parts) %}
            select
                firsts.product_number,
                others.product_number as other_product_number,
                count(*) as pair_orders
            from {{ ref('int_order_baskets_versioned') }} as baskets
            cross join (  -- noqa: ST05
                select max(product_number) as product_number
                from {{ ref('int_product_orders_counted') }}
                where order_count >= {{ var('min_pair_orders') }}
            ) as last_paired
            cross join unnest(baskets.product_numbers) with ordinality as firsts (product_number, place)
            cross join unnest(baskets.product_numbers[firsts.place + 1:]) as others (product_number)
            where
                baskets.valid_to_build is null
                and baskets.product_count between 2 and {{ var('max_pair_products') }}
                and mod(firsts.product_number, {{ parts }}) = {{ part }}
                and others.product_number <= last_paired.product_number
            group by firsts.product_number, others.product_number
            {%- if not loop.last %}
                union all
            {%- endif %}
        {%- endfor %}
        -- A product's pair with itself marks that its pairs are counted.
        union all
        select
            product_number,
            product_number as other_product_number,
            cast(0 as bigint) as pair_orders
        from frequent
    ),
{% endif %}

stamped as (
    select
        product_number,
        other_product_number,
        cast(pair_orders as bigint) as pair_orders,
        {{ last_build() }} as last_build
    from counted
)

select * from stamped
