with source as (
    select * from {{ source('woocommerce', 'woocommerce_orders') }}
),

numbered as (
    select
        *,
        row_number() over (
            partition by customer_id
            order by order_date desc, order_id asc
        ) as line_rank
    from source
    where trim(customer_id) <> ''
),

renamed as (
    select
        -- ids
        'woocommerce:' || customer_id as customer_id,
        _load_id,

        -- strings
        trim(coalesce(billing_first_name, '') || ' ' || coalesce(billing_last_name, '')) as customer_name,
        {{ blank_to_null('billing_email') }} as email,
        cast(null as {{ dbt.type_string() }}) as customer_segment,
        cast(null as {{ dbt.type_string() }}) as age_group,
        coalesce({{ blank_to_null('billing_city') }}, {{ blank_to_null('billing_country') }}) as location,
        cast(null as {{ dbt.type_string() }}) as status,

        -- timestamps
        cast(null as {{ type_moment() }}) as registered_at,
        _loaded_at
    from numbered
    where line_rank = 1
)

select * from renamed
