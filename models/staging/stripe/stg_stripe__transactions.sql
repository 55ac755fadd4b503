with source as (
    select * from {{ source('stripe', 'stripe_payments') }}
),

kinds as (
    select 'payment' as kind
    union all
    select 'refund' as kind
),

-- A refund is a line of its own where the export says when it was; elsewhere it reduces the payment.
parts as (
    select
        source.*,
        kinds.kind
    from source
    inner join kinds
        on kinds.kind = 'payment' or (source.refunded_date_utc is not null and source.amount_refunded > 0)
),

renamed as (
    select
        -- ids
        'stripe:' || id || case when kind = 'refund' then ':refund' else '' end as transaction_id,
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
        case when kind = 'refund' then 0 else 1 end as quantity,
        case
            when kind = 'refund' then -amount_refunded
            when refunded_date_utc is null then amount - coalesce(amount_refunded, 0)
            else amount
        end as amount,
        cast(null as {{ dbt.type_numeric() }}) as cost,

        -- timestamps
        case when kind = 'refund' then refunded_date_utc else created_date_utc end as transacted_at,
        _loaded_at
    from parts
)

select * from renamed
