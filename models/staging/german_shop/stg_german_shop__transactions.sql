with source as (
    select * from {{ source('german_shop', 'german_shop_order_lines') }}
),

renamed as (
    select
        -- ids
        'german_shop:' || line_id as transaction_id,
        'german_shop:' || bestellnummer as order_id,
        'german_shop:' || {{ blank_to_null('kundennummer') }} as customer_id,
        'german_shop:' || {{ blank_to_null('artikelnummer') }} as product_id,
        _load_id,

        -- strings
        {{ blank_to_null('e_mail') }} as customer_email,
        cast(null as {{ dbt.type_string() }}) as category,
        upper(waehrung) as currency,
        cast(null as {{ dbt.type_string() }}) as exclusion_reason,

        -- numerics
        menge as quantity,
        gesamtpreis as amount,
        cast(null as {{ dbt.type_numeric() }}) as cost,

        -- timestamps
        bestelldatum as transacted_at,
        _loaded_at
    from source
)

select * from renamed
