with order_items as (
    select * from {{ source('olist', 'olist_order_items') }}
),

orders as (
    select * from {{ source('olist', 'olist_orders') }}
),

customers as (
    select * from {{ source('olist', 'olist_customers') }}
),

renamed as (
    select
        -- ids
        'olist:' || order_items.line_id as transaction_id,
        'olist:' || order_items.order_id as order_id,
        'olist:' || customers.customer_unique_id as customer_id,
        'olist:' || order_items.product_id as product_id,
        order_items._load_id,

        -- strings
        cast(null as {{ dbt.type_string() }}) as customer_email,
        cast(null as {{ dbt.type_string() }}) as category,
        'BRL' as currency,
        case
            when orders.order_id is null then 'order_missing'
            when orders.order_status in ('canceled', 'unavailable') then orders.order_status
        end as exclusion_reason,

        -- numerics
        1 as quantity,
        order_items.price as amount,
        cast(null as {{ dbt.type_numeric() }}) as cost,

        -- timestamps
        coalesce(orders.order_purchase_timestamp, order_items.shipping_limit_date) as transacted_at,
        order_items._loaded_at
    from order_items
    left join orders on order_items.order_id = orders.order_id
    left join customers on orders.customer_id = customers.customer_id
)

select * from renamed
