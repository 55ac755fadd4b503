with source as (
    select * from {{ source('shop', 'products') }}
),

renamed as (
    select
        -- ids
        product_id,
        _load_id,

        -- strings
        product_name,
        {{ blank_to_null('category') }} as category,
        product_type,
        -- What a reader tells it by; products without a name of their own are often told by brand and size.
        coalesce(
            {{ blank_to_null('product_name') }},
            {{ blank_to_null('product_type') }}
            || coalesce(', ' || {{ json_text('_extra', 'brand') }}, '')
            || coalesce(', ' || {{ json_text('_extra', 'package_size') }}, '')
        ) as display_name,
        status,

        -- numerics
        price,
        unit_cost,

        -- dates
        launched_on,

        -- timestamps
        _loaded_at
    from source
)

select * from renamed
