with source as (
    select * from {{ source('journey', 'invoices') }}
),

renamed as (
    select
        -- ids
        invoice_id,
        {{ blank_to_null('shop_id') }} as shop_id,
        _load_id,

        -- strings
        status,

        -- numerics
        amount,

        -- timestamps
        issued_at,
        due_at,
        _loaded_at
    from source
)

select * from renamed
