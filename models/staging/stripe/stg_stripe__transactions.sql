with source as (
    select * from {{ source('stripe', 'stripe_payments') }}
),

-- A refund is a line of its own where the export says when it was; elsewhere it reduces the payment.
parts as (
    select
        id as part_id,
        created_date_utc as transacted_at,
        case when refunded_date_utc is null then amount - coalesce(amount_refunded, 0) else amount end as net_amount,
        1 as quantity,
        source.*
    from source
    union all
    select
        id || ':refund' as part_id,
        refunded_date_utc as transacted_at,
        -amount_refunded as net_amount,
        0 as quantity,
        source.*
    from source
    where refunded_date_utc is not null and amount_refunded > 0
),

renamed as (
    select
        -- ids
        'stripe:' || part_id as transaction_id,
        'stripe:' || id as order_id,
        'stripe:' || {{ blank_to_null('customer_id') }} as customer_id,
        cast(null as {{ dbt.type_string() }}) as product_id,
        _load_id,

        -- strings
        {{ blank_to_null('customer_email') }} as customer_email,
        cast(null as {{ dbt.type_string() }}) as category,
        upper(currency) as currency,
        case
            when
                lower(status) not in (
                    'paid', 'succeeded', 'refunded', 'partially refunded', 'partial refund', 'disputed'
                )
                then replace(lower(status), ' ', '_')
        end as exclusion_reason,

        -- numerics
        quantity,
        net_amount as amount,

        -- timestamps
        transacted_at,
        _loaded_at
    from parts
)

select * from renamed
