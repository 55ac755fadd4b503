with source as (
    select * from {{ source('olist', 'olist_products') }}
),

renamed as (
    select
        -- ids
        'olist:' || product_id as product_id,
        _load_id,

        -- strings
        cast(null as {{ dbt.type_string() }}) as product_name,
        {{ blank_to_null('product_category_name') }} as category,
        cast(null as {{ dbt.type_string() }}) as product_type,
        {{ blank_to_null('product_category_name') }} as display_name,
        cast(null as {{ dbt.type_string() }}) as status,

        -- numerics
        cast(null as {{ dbt.type_numeric() }}) as price,
        cast(null as {{ dbt.type_numeric() }}) as unit_cost,

        -- dates
        cast(null as date) as launched_on,

        -- timestamps
        _loaded_at
    from source
)

select * from renamed
