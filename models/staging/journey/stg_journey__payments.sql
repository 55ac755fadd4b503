with source as (
    select * from {{ source('journey', 'payments') }}
),

renamed as (
    select
        -- ids
        payment_id,
        invoice_id,
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
