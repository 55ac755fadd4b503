with source as (
    select * from {{ source('square', 'square_items') }}
),

numbered as (
    select
        *,
        row_number() over (
            partition by customer_id
            order by date desc, line_id asc
        ) as line_rank
    from source
    where trim(customer_id) <> ''
),

renamed as (
    select
        -- ids
        'square:' || customer_id as customer_id,
        _load_id,

        -- strings
        {{ blank_to_null('customer_name') }} as customer_name,
        cast(null as {{ dbt.type_string() }}) as email,
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
