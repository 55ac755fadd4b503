with source as (
    select * from {{ source('superstore', 'superstore_order_lines') }}
),

renamed as (
    select
        -- ids
        'superstore:' || row_id as transaction_id,
        'superstore:' || order_id as order_id,
        'superstore:' || {{ blank_to_null('customer_id') }} as customer_id,
        'superstore:' || {{ blank_to_null('product_id') }} as product_id,
        _load_id,

        -- strings
        cast(null as {{ dbt.type_string() }}) as customer_email,
        {{ blank_to_null('category') }} as category,
        'USD' as currency,
        cast(null as {{ dbt.type_string() }}) as exclusion_reason,

        -- numerics
        quantity,
        sales as amount,
        sales - profit as cost,

        -- timestamps
        order_date as transacted_at,
        _loaded_at
    from source
)

select * from renamed
