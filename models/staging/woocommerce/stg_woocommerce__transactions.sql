with source as (
    select * from {{ source('woocommerce', 'woocommerce_orders') }}
),

renamed as (
    select
        -- ids
        'woocommerce:' || order_id as transaction_id,
        'woocommerce:' || order_id as order_id,
        'woocommerce:' || {{ blank_to_null('customer_id') }} as customer_id,
        cast(null as {{ dbt.type_string() }}) as product_id,
        _load_id,

        -- strings
        {{ blank_to_null('billing_email') }} as customer_email,
        cast(null as {{ dbt.type_string() }}) as category,
        upper(order_currency) as currency,
        case when lower(status) not in ('completed', 'processing') then lower(status) end as exclusion_reason,

        -- numerics
        1 as quantity,
        order_total - coalesce(shipping_total, 0) - coalesce(shipping_tax_total, 0) as amount,
        cast(null as {{ dbt.type_numeric() }}) as cost,

        -- timestamps
        order_date as transacted_at,
        _loaded_at
    from source
)

select * from renamed
