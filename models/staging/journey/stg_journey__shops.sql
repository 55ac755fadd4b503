with source as (
    select * from {{ source('journey', 'shops') }}
),

renamed as (
    select
        -- ids
        shop_id,
        user_id,
        plan_id,
        _load_id,

        -- timestamps
        created_at,
        deleted_at,
        _loaded_at
    from source
)

select * from renamed
