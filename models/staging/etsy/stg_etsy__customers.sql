with source as (
    select * from {{ source('etsy', 'etsy_sold_order_items') }}
),

numbered as (
    select
        *,
        row_number() over (
            partition by buyer
            order by sale_date desc, transaction_id asc
        ) as line_rank
    from source
    where trim(buyer) <> ''
),

renamed as (
    select
        -- ids
        'etsy:' || buyer as customer_id,
        _load_id,

        -- strings
        {{ blank_to_null('ship_name') }} as customer_name,
        cast(null as {{ dbt.type_string() }}) as email,
        cast(null as {{ dbt.type_string() }}) as customer_segment,
        cast(null as {{ dbt.type_string() }}) as age_group,
        coalesce({{ blank_to_null('ship_city') }}, {{ blank_to_null('ship_country') }}) as location,
        cast(null as {{ dbt.type_string() }}) as status,

        -- timestamps
        cast(null as {{ type_moment() }}) as registered_at,
        _loaded_at
    from numbered
    where line_rank = 1
)

select * from renamed
