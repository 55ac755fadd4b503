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
        status,

        -- numerics
        price,

        -- dates
        launched_on,

        -- timestamps
        _loaded_at
    from source
)

select * from renamed
