with source as (
    select * from {{ source('shop', 'customers') }}
),

renamed as (
    select
        -- ids
        customer_id,
        _load_id,

        -- strings
        customer_name,
        {{ blank_to_null('email') }} as email,
        {{ blank_to_null('customer_segment') }} as customer_segment,
        {{ blank_to_null('age_group') }} as age_group,
        {{ blank_to_null('location') }} as location,
        status,

        -- booleans
        consent,

        -- timestamps
        registered_at,
        _loaded_at
    from source
)

select * from renamed
