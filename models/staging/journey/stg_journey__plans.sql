with source as (
    select * from {{ source('journey', 'plans') }}
),

renamed as (
    select
        -- ids
        plan_id,
        _load_id,

        -- strings
        plan_name,
        billing_period,

        -- numerics
        price,

        -- timestamps
        _loaded_at
    from source
)

select * from renamed
