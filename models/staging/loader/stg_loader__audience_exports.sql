with source as (
    select * from {{ source('loader', 'audience_exports') }}
),

renamed as (
    select
        -- ids
        export_id,

        -- strings
        audience,

        -- numerics
        hold_out_share,

        -- dates
        as_of_date,

        -- timestamps
        started_at,
        written_at
    from source
)

select * from renamed
