with source as (
    select * from {{ source('shop', 'campaign_members') }}
),

renamed as (
    select
        -- ids
        membership_id,
        campaign_id,
        customer_id,
        _load_id,

        -- booleans
        treated as is_treated,

        -- timestamps
        _loaded_at
    from source
)

select * from renamed
