with source as (
    select * from {{ source('shop', 'exchange_rates') }}
),

renamed as (
    select
        -- ids
        rate_id,
        _load_id,
        _line,

        -- strings
        upper(trim(currency)) as currency,

        -- numerics
        rate,

        -- dates
        rate_date,

        -- timestamps
        _loaded_at
    from source
)

select * from renamed
