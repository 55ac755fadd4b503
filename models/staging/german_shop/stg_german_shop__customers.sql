with source as (
    select * from {{ source('german_shop', 'german_shop_order_lines') }}
),

numbered as (
    select
        *,
        row_number() over (
            partition by kundennummer
            order by bestelldatum desc, line_id asc
        ) as line_rank
    from source
    where trim(kundennummer) <> ''
),

renamed as (
    select
        -- ids
        'german_shop:' || kundennummer as customer_id,
        _load_id,

        -- strings
        cast(null as {{ dbt.type_string() }}) as customer_name,
        {{ blank_to_null('e_mail') }} as email,
        cast(null as {{ dbt.type_string() }}) as customer_segment,
        cast(null as {{ dbt.type_string() }}) as age_group,
        cast(null as {{ dbt.type_string() }}) as location,
        cast(null as {{ dbt.type_string() }}) as status,

        -- timestamps
        cast(null as {{ type_moment() }}) as registered_at,
        _loaded_at
    from numbered
    where line_rank = 1
)

select * from renamed
