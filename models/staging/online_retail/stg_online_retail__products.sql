with source as (
    select * from {{ source('online_retail', 'online_retail_lines') }}
),

numbered as (
    select
        *,
        row_number() over (
            partition by stock_code
            order by case when trim(description) <> '' then 1 else 2 end asc, invoice_date desc, line_id asc
        ) as line_rank
    from source
    where trim(stock_code) <> ''
),

renamed as (
    select
        -- ids
        'online_retail:' || stock_code as product_id,
        _load_id,

        -- strings
        {{ blank_to_null('description') }} as product_name,
        cast(null as {{ dbt.type_string() }}) as category,
        cast(null as {{ dbt.type_string() }}) as product_type,
        {{ blank_to_null('description') }} as display_name,
        cast(null as {{ dbt.type_string() }}) as status,

        -- numerics
        cast(null as {{ dbt.type_numeric() }}) as price,
        cast(null as {{ dbt.type_numeric() }}) as unit_cost,

        -- dates
        cast(null as date) as launched_on,

        -- timestamps
        _loaded_at
    from numbered
    where line_rank = 1
)

select * from renamed
