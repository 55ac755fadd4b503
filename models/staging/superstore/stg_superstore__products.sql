with source as (
    select * from {{ source('superstore', 'superstore_order_lines') }}
),

numbered as (
    select
        *,
        row_number() over (
            partition by product_id
            order by order_date desc, row_id asc
        ) as line_rank
    from source
    where trim(product_id) <> ''
),

renamed as (
    select
        -- ids
        'superstore:' || product_id as product_id,
        _load_id,

        -- strings
        {{ blank_to_null('product_name') }} as product_name,
        {{ blank_to_null('category') }} as category,
        {{ blank_to_null('sub_category') }} as product_type,
        {{ blank_to_null('product_name') }} as display_name,
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
