with source as (
    select * from {{ source('square', 'square_items') }}
),

numbered as (
    select
        *,
        row_number() over (
            partition by coalesce({{ blank_to_null('sku') }}, item)
            order by date desc, line_id asc
        ) as line_rank
    from source
    where coalesce({{ blank_to_null('sku') }}, {{ blank_to_null('item') }}) is not null
),

renamed as (
    select
        -- ids
        'square:' || coalesce({{ blank_to_null('sku') }}, item) as product_id,
        _load_id,

        -- strings
        {{ blank_to_null('item') }} as product_name,
        {{ blank_to_null('category') }} as category,
        {{ blank_to_null('price_point_name') }} as product_type,
        {{ blank_to_null('item') }} as display_name,
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
