{{
    config(
        materialized=kept_materialization(),
        incremental_strategy='merge',
        unlogged=false,
        unique_key=['order_id', 'valid_from_build'],
        indexes=indexes_on(['order_id']),
    )
}}

with order_products as (
    select * from {{ ref('int_order_products_listed') }}
),

{% if is_incremental() %}
    touched as (
        {{ touched_keys(['order_id'], seen_build(['valid_from_build', 'valid_to_build'])) }}
    ),
{% endif %}

collected as (
    select
        order_id,
        max(order_date) as order_date,
        {{ sorted_set('product_number') }} as product_numbers,
        cast(count(distinct product_number) as integer) as product_count,
        {{ last_build() }} as valid_from_build,
        cast(null as bigint) as valid_to_build
    from order_products
    {% if is_incremental() %}
        where order_id in (select touched.order_id from touched)
    {% endif %}
    group by order_id
)

select * from collected
{% if is_incremental() %}
    union all
    select
        order_id,
        order_date,
        product_numbers,
        product_count,
        valid_from_build,
        {{ last_build() }} as valid_to_build
    from {{ this }}
    where valid_to_build is null and order_id in (select touched.order_id from touched)
{% endif %}
