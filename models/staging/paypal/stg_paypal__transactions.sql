with source as (
    select * from {{ source('paypal', 'paypal_activities') }}
),

renamed as (
    select
        -- ids
        'paypal:' || transaction_id as transaction_id,
        'paypal:' || {{ blank_to_null('invoice_number') }} as order_id,
        cast(null as {{ dbt.type_string() }}) as customer_id,
        'paypal:' || coalesce({{ blank_to_null('item_id') }}, {{ blank_to_null('item_title') }}) as product_id,
        _load_id,

        -- strings
        case
            when gross < 0 then {{ blank_to_null('to_email_address') }}
            else {{ blank_to_null('from_email_address') }}
        end as customer_email,
        cast(null as {{ dbt.type_string() }}) as category,
        upper(currency) as currency,
        case
            when
                lower(type) not in (
                    'website payment', 'express checkout payment', 'mobile payment', 'general payment',
                    'subscription payment', 'preapproved payment bill user payment', 'ebay auction payment',
                    'payment refund', 'payment reversal', 'chargeback'
                )
                then 'no_sale'
            when lower(status) <> 'completed' then lower(status)
        end as exclusion_reason,

        -- numerics
        coalesce(quantity, 1) as quantity,
        gross as amount,
        cast(null as {{ dbt.type_numeric() }}) as cost,

        -- timestamps
        date as transacted_at,
        _loaded_at
    from source
)

select * from renamed
