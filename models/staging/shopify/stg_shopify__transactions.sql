with source as (
    select * from {{ source('shopify', 'shopify_orders') }}
),

-- What belongs to the whole order is only in its first row.
line_items as (
    select
        *,
        lineitem_quantity * lineitem_price as gross,
        sum(lineitem_quantity * lineitem_price) over (partition by name) as order_gross,
        sum(lineitem_quantity * lineitem_price) over (
            partition by name order by line_id rows between unbounded preceding and current row
        ) as running_gross,
        max(subtotal) over (partition by name) as order_subtotal,
        max(discount_amount) over (partition by name) as order_discount,
        max(refunded_amount) over (partition by name) as order_refund,
        max(currency) over (partition by name) as order_currency,
        max(lower(financial_status)) over (partition by name) as order_status,
        max(cancelled_at) over (partition by name) as order_cancelled_at,
        row_number() over (partition by name order by line_id) as line_number
    from source
),

valued as (
    select
        *,
        coalesce(order_subtotal, order_gross - coalesce(order_discount, 0)) as order_net,
        case
            when order_status in ('voided', 'pending', 'authorized', 'expired', 'unpaid') then order_status
            when order_cancelled_at is not null and order_status not in ('refunded', 'partially_refunded')
                then 'cancelled'
        end as exclusion_reason
    from line_items
),

kinds as (
    select 'line item' as kind
    union all
    select 'refund' as kind
),

-- One more line for an order with a refund.
parts as (
    select
        valued.*,
        kinds.kind
    from valued
    inner join kinds
        on kinds.kind = 'line item' or (valued.line_number = 1 and valued.order_refund > 0)
),

renamed as (
    select
        -- ids
        'shopify:' || case when kind = 'refund' then name || ':refund' else line_id end as transaction_id,
        'shopify:' || name as order_id,
        cast(null as {{ dbt.type_string() }}) as customer_id,
        case
            when kind = 'line item' then 'shopify:' || coalesce({{ blank_to_null('lineitem_sku') }}, lineitem_name)
        end as product_id,
        _load_id,

        -- strings
        {{ blank_to_null('email') }} as customer_email,
        cast(null as {{ dbt.type_string() }}) as category,
        upper(order_currency) as currency,
        exclusion_reason,

        -- numerics
        case when kind = 'refund' then 0 else lineitem_quantity end as quantity,
        -- A line gets the step of the rounded running total, so that an order's lines add up to the cent.
        case
            when kind = 'refund' then -order_refund
            when order_gross = 0 then 0
            else
                {{ rounded_quotient('order_net * running_gross', 'nullif(order_gross, 0)', 18, 2) }}
                - {{ rounded_quotient('order_net * (running_gross - gross)', 'nullif(order_gross, 0)', 18, 2) }}
        end as amount,
        cast(null as {{ dbt.type_numeric() }}) as cost,

        -- timestamps
        created_at as transacted_at,
        _loaded_at
    from parts
)

select * from renamed
