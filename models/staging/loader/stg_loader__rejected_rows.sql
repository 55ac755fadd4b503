with source as (
    select * from {{ source('loader', 'rejected_rows') }}
),

renamed as (
    select
        -- ids
        load_id,

        -- strings
        column_name,
        reason,
        detail,
        raw_row,

        -- numerics
        line,
        amount
    from source
)

select * from renamed
