with source as (
    select * from {{ source('square', 'square_items') }}
),

renamed as (
    select
        -- ids
        'square:' || line_id as transaction_id,
        'square:' || transaction_id as order_id,
        'square:' || {{ blank_to_null('customer_id') }} as customer_id,
        'square:' || coalesce({{ blank_to_null('sku') }}, {{ blank_to_null('item') }}) as product_id,
        _load_id,

        -- strings
        cast(null as {{ dbt.type_string() }}) as customer_email,
        {{ blank_to_null('category') }} as category,
        cast(null as {{ dbt.type_string() }}) as currency,
        cast(null as {{ dbt.type_string() }}) as exclusion_reason,

        -- numerics
        qty as quantity,
        net_sales as amount,
        cast(null as {{ dbt.type_numeric() }}) as cost,

        -- timestamps
        date as transacted_at,
        _loaded_at
    from source
)

select * from renamed
