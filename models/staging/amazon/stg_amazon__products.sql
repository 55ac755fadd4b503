with source as (
    select * from {{ source('amazon', 'amazon_date_ranges') }}
),

numbered as (
    select
        *,
        row_number() over (
            partition by sku
            order by date_time desc, line_id asc
        ) as line_rank
    from source
    where trim(sku) <> '' and lower(type) in ('order', 'refund')
),

renamed as (
    select
        -- ids
        'amazon:' || sku as product_id,
        _load_id,

        -- strings
        {{ blank_to_null('description') }} as product_name,
        cast(null as {{ dbt.type_string() }}) as category,
        cast(null as {{ dbt.type_string() }}) as product_type,
        {{ blank_to_null('description') }} as display_name,
        cast(null as {{ dbt.type_string() }}) as status,

        -- numerics
        cast(null as {{ dbt.type_numeric() }}) as price,
        cast(null as {{ dbt.type_numeric() }}) as unit_cost,

        -- dates
        cast(null as date) as launched_on,

        -- timestamps
        _loaded_at
    from numbered
    where line_rank = 1
)

select * from renamed
