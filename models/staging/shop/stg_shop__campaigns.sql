with source as (
    select * from {{ source('shop', 'campaigns') }}
),

renamed as (
    select
        -- ids
        campaign_id,
        _load_id,

        -- strings
        campaign_name,
        {{ blank_to_null('audience') }} as audience,

        -- numerics
        control_share,

        -- dates
        starts_on,
        ends_on,

        -- timestamps
        _loaded_at
    from source
)

select * from renamed
