with source as (
    select * from {{ source('subscriptions', 'customer_products') }}
),

renamed as (
    select
        -- ids
        relationship_id,
        customer_id,
        product_id,
        _load_id,

        -- strings
        relationship_type,

        -- numerics
        value,

        -- dates
        start_date,
        end_date,

        -- timestamps
        _loaded_at
    from source
)

select * from renamed
