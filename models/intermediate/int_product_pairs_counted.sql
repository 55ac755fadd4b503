{{
    config(
        materialized=kept_materialization(),
        incremental_strategy='add',
        unlogged=false,
        unique_key=['product_number', 'other_product_number'],
        meta={'added_columns': ['pair_orders']},
        pre_hook=[
            '{% if not is_incremental() %}{{ scan_by_one_process() }}{% endif %}',
            '{{ join_by_hash() }}',
        ],
    )
}}
{%- set build = seen_build() %}

-- depends_on: {{ ref('int_order_products_listed') }}
with frequent as (
    select product_number
    from {{ ref('int_product_orders_counted') }}
    where order_count >= {{ var('min_pair_orders') }}
),

{% if is_incremental() %}
    {{ changed_pairs(ref('int_order_baskets_versioned'), ref('int_order_products_listed'), build) }}
{% else %}
    counted as (
        {{ counted_pairs(ref('int_order_baskets_versioned'), ref('int_product_orders_counted')) }}
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
