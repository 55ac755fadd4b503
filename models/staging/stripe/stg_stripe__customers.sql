with source as (
    select * from {{ source('stripe', 'stripe_payments') }}
),

numbered as (
    select
        *,
        row_number() over (
            partition by customer_id
            order by created_date_utc desc, id asc
        ) as line_rank
    from source
    where trim(customer_id) <> ''
),

renamed as (
    select
        -- ids
        'stripe:' || customer_id as customer_id,
        _load_id,

        -- strings
        {{ blank_to_null('customer_description') }} as customer_name,
        {{ blank_to_null('customer_email') }} as email,
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
