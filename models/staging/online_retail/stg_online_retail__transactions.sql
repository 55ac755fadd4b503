with source as (
    select * from {{ source('online_retail', 'online_retail_lines') }}
),

renamed as (
    select
        -- ids
        'online_retail:' || line_id as transaction_id,
        'online_retail:' || invoice_no as order_id,
        'online_retail:' || {{ blank_to_null('customer_id') }} as customer_id,
        'online_retail:' || {{ blank_to_null('stock_code') }} as product_id,
        _load_id,

        -- strings
        cast(null as {{ dbt.type_string() }}) as customer_email,
        cast(null as {{ dbt.type_string() }}) as category,
        'GBP' as currency,
        cast(null as {{ dbt.type_string() }}) as exclusion_reason,

        -- numerics
        quantity,
        cast(quantity * unit_price as {{ dbt.type_numeric() }}) as amount,
        cast(null as {{ dbt.type_numeric() }}) as cost,

        -- timestamps
        invoice_date as transacted_at,
        _loaded_at
    from source
)

select * from renamed
