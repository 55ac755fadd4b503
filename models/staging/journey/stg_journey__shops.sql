with source as (
    select * from {{ source('journey', 'shops') }}
),

renamed as (
    select
        -- ids
        shop_id,
        {{ blank_to_null('user_id') }} as user_id,
        {{ blank_to_null('plan_id') }} as plan_id,
        _load_id,

        -- timestamps
        created_at,
        deleted_at,
        _loaded_at
    from source
)

select * from renamed
