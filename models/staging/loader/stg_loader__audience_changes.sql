with source as (
    select * from {{ source('loader', 'audience_changes') }}
),

renamed as (
    select
        -- ids
        export_id,
        customer_id,

        -- strings
        change,
        reason,

        -- dates
        entered_on
    from source
)

select * from renamed
