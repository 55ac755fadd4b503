with source as (
    select * from {{ source('journey', 'users') }}
),

renamed as (
    select
        -- ids
        user_id,
        _load_id,

        -- strings
        email,

        -- timestamps
        created_at,
        deleted_at,
        _loaded_at
    from source
)

select * from renamed
