with source as (
    select * from {{ source('loader', 'transactions_history') }}
),

renamed as (
    select
        -- ids
        transaction_id,
        _load_id,
        _replaced_by,
        _restored_by,

        -- strings
        nullif(upper(trim(currency)), '') as currency,

        -- numerics
        amount,

        -- timestamps
        transacted_at,
        _loaded_at
    from source
)

select * from renamed
