with source as (
    select * from {{ source('journey', 'events') }}
),

renamed as (
    select
        -- ids
        event_id,
        coalesce({{ blank_to_null('user_id') }}, {{ json_text('metadata', 'user_id') }}) as user_id,
        coalesce({{ blank_to_null('shop_id') }}, {{ json_text('metadata', 'shop_id') }}) as shop_id,
        coalesce({{ blank_to_null('plan_id') }}, {{ json_text('metadata', 'plan_id') }}) as plan_id,
        coalesce({{ blank_to_null('invoice_id') }}, {{ json_text('metadata', 'invoice_id') }}) as invoice_id,
        _load_id,

        -- strings
        event_type,
        metadata,

        -- numerics
        amount,

        -- dates
        {{ json_date('metadata', 'due_at') }} as invoice_due_date,

        -- timestamps
        event_time,
        _loaded_at
    from source
)

select * from renamed
