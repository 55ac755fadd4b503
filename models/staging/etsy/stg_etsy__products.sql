with source as (
    select * from {{ source('etsy', 'etsy_sold_order_items') }}
),

numbered as (
    select
        *,
        row_number() over (
            partition by coalesce({{ blank_to_null('sku') }}, listing_id)
            order by sale_date desc, transaction_id asc
        ) as line_rank
    from source
    where coalesce({{ blank_to_null('sku') }}, {{ blank_to_null('listing_id') }}) is not null
),

renamed as (
    select
        -- ids
        'etsy:' || coalesce({{ blank_to_null('sku') }}, listing_id) as product_id,
        _load_id,

        -- strings
        {{ blank_to_null('item_name') }} as product_name,
        cast(null as {{ dbt.type_string() }}) as category,
        cast(null as {{ dbt.type_string() }}) as product_type,
        {{ blank_to_null('item_name') }} as display_name,
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
