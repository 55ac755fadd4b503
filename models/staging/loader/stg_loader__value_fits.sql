with source as (
    select * from {{ source('loader', 'value_fits') }}
),

renamed as (
    select
        -- strings
        model,
        parameter,

        -- numerics
        cast(value as {{ type_double() }}) as value,
        customers,
        repeat_customers,

        -- dates
        as_of_date,

        -- timestamps
        fitted_at
    from source
)

select * from renamed
