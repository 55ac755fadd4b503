with source as (
    select * from {{ source('journey', 'events') }}
),

renamed as (
    select
        -- ids
        event_id,
        user_id,
        shop_id,
        plan_id,
        invoice_id,
        _load_id,

        -- strings
        event_type,
        metadata,

        -- numerics
        amount,

        -- timestamps
        event_time,
        _loaded_at
    from source
)

select * from renamed
