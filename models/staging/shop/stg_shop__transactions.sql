with source as (
    select * from {{ source('shop', 'transactions') }}
),

renamed as (
    select
        -- ids
        transaction_id,
        {{ blank_to_null('order_id') }} as order_id,
        {{ blank_to_null('customer_id') }} as customer_id,
        {{ blank_to_null('product_id') }} as product_id,
        _load_id,

        -- strings
        {{ blank_to_null('customer_email') }} as customer_email,
        {{ blank_to_null('category') }} as category,
        nullif(upper(trim(currency)), '') as currency,
        cast(null as {{ dbt.type_string() }}) as exclusion_reason,

        -- numerics
        quantity,
        amount,
        cost,

        -- timestamps
        transacted_at,
        _loaded_at
    from source
)

select * from renamed
