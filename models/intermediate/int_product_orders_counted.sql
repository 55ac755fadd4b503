{{
    config(
        materialized=kept_materialization(),
        incremental_strategy='merge',
        unlogged=false,
        unique_key='product_number',
    )
}}
{%- set build = seen_build() %}

with baskets as (
    select * from {{ ref('int_order_baskets_versioned') }}
),

products as (
    select * from {{ ref('int_products_numbered') }}
),

-- What orders hold now, less what they held when this was last built.
changed as (
    select
        product_numbers,
        1 as change
    from baskets
    where valid_to_build is null and valid_from_build > {{ build }}
    {% if is_incremental() %}
        union all
        select
            product_numbers,
            -1 as change
        from baskets
        where valid_from_build <= {{ build }} and valid_to_build > {{ build }}
    {% endif %}
),

summed as (
    select
        contents.product_number,
        sum(contents.change) as order_count
    from {{ items_listed('changed', 'product_numbers', 'product_number') }} as contents
    group by contents.product_number
),

{% if is_incremental() %}
    counted_before as (
        select * from {{ this }}
    ),
{% endif %}

counted as (
    select
        summed.product_number,
        products.product_id,
        summed.order_count
        + {{ 'coalesce(counted_before.order_count, 0)' if is_incremental() else '0' }} as order_count,
        {{ last_build() }} as last_build
    from summed
    inner join products on summed.product_number = products.product_number
    {% if is_incremental() %}
        left join counted_before on summed.product_number = counted_before.product_number
    {% endif %}
)

select * from counted
