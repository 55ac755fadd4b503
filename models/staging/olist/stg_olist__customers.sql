with source as (
    select * from {{ source('olist', 'olist_customers') }}
),

numbered as (
    select
        *,
        row_number() over (
            partition by customer_unique_id
            order by customer_id
        ) as line_rank
    from source
    where trim(customer_unique_id) <> ''
),

renamed as (
    select
        -- ids
        'olist:' || customer_unique_id as customer_id,
        _load_id,

        -- strings
        cast(null as {{ dbt.type_string() }}) as customer_name,
        cast(null as {{ dbt.type_string() }}) as email,
        cast(null as {{ dbt.type_string() }}) as customer_segment,
        cast(null as {{ dbt.type_string() }}) as age_group,
        {{ blank_to_null('customer_city') }} || coalesce(', ' || {{ blank_to_null('customer_state') }}, '') as location,
        cast(null as {{ dbt.type_string() }}) as status,

        -- timestamps
        cast(null as {{ type_moment() }}) as registered_at,
        _loaded_at
    from numbered
    where line_rank = 1
)

select * from renamed
