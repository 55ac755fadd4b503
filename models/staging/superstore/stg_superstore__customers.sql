with source as (
    select * from {{ source('superstore', 'superstore_order_lines') }}
),

numbered as (
    select
        *,
        row_number() over (
            partition by customer_id
            order by order_date desc, row_id asc
        ) as line_rank
    from source
    where trim(customer_id) <> ''
),

renamed as (
    select
        -- ids
        'superstore:' || customer_id as customer_id,
        _load_id,

        -- strings
        customer_name,
        cast(null as {{ dbt.type_string() }}) as email,
        {{ blank_to_null('segment') }} as customer_segment,
        cast(null as {{ dbt.type_string() }}) as age_group,
        {{ blank_to_null('city') }} || coalesce(', ' || {{ blank_to_null('state') }}, '') as location,
        cast(null as {{ dbt.type_string() }}) as status,

        -- timestamps
        cast(null as {{ type_moment() }}) as registered_at,
        _loaded_at
    from numbered
    where line_rank = 1
)

select * from renamed
