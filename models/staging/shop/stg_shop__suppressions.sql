with source as (
    select * from {{ source('shop', 'suppressions') }}
),

renamed as (
    select
        -- ids
        suppression_id,
        customer_id,
        _load_id,

        -- strings
        {{ blank_to_null('email') }} as email,
        reason,

        -- dates
        suppressed_on,

        -- timestamps
        _loaded_at
    from source
)

select * from renamed
