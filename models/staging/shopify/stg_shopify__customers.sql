with source as (
    select * from {{ source('shopify', 'shopify_customers') }}
),

renamed as (
    select
        -- ids
        'shopify:' || customer_id as customer_id,
        _load_id,

        -- strings
        trim(coalesce(first_name, '') || ' ' || coalesce(last_name, '')) as customer_name,
        {{ blank_to_null('email') }} as email,
        cast(null as {{ dbt.type_string() }}) as customer_segment,
        cast(null as {{ dbt.type_string() }}) as age_group,
        coalesce(
            {{ blank_to_null('default_address_city') }},
            {{ blank_to_null('default_address_country_code') }}
        ) as location,
        cast(null as {{ dbt.type_string() }}) as status,

        -- timestamps
        cast(null as {{ type_moment() }}) as registered_at,
        _loaded_at
    from source
)

select * from renamed
