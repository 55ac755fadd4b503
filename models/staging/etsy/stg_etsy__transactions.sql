with source as (
    select * from {{ source('etsy', 'etsy_sold_order_items') }}
),

renamed as (
    select
        -- ids
        'etsy:' || transaction_id as transaction_id,
        'etsy:' || order_id as order_id,
        'etsy:' || {{ blank_to_null('buyer') }} as customer_id,
        'etsy:' || coalesce({{ blank_to_null('sku') }}, {{ blank_to_null('listing_id') }}) as product_id,
        _load_id,

        -- strings
        cast(null as {{ dbt.type_string() }}) as customer_email,
        cast(null as {{ dbt.type_string() }}) as category,
        upper(currency) as currency,
        cast(null as {{ dbt.type_string() }}) as exclusion_reason,

        -- numerics
        quantity,
        item_total - coalesce(discount_amount, 0) as amount,
        cast(null as {{ dbt.type_numeric() }}) as cost,

        -- timestamps
        sale_date as transacted_at,
        _loaded_at
    from source
)

select * from renamed
