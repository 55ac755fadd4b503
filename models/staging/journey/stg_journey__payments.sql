with source as (
    select * from {{ source('journey', 'payments') }}
),

renamed as (
    select
        -- ids
        payment_id,
        {{ blank_to_null('invoice_id') }} as invoice_id,
        _load_id,

        -- strings
        status,

        -- numerics
        amount,

        -- timestamps
        paid_at,
        _loaded_at
    from source
)

select * from renamed
