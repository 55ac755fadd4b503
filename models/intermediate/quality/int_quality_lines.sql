with order_lines as (
    select * from {{ ref('int_order_lines') }}
),

customers as (
    select * from {{ ref('int_customers') }}
),

products as (
    select * from {{ ref('int_source_products') }}
),

repeated_lines as (
    select * from {{ ref('int_repeated_lines') }}
),

judged as (
    select
        order_lines.transaction_id,
        order_lines.amount,
        order_lines.customer_id = '(unknown)' as is_guest_line,
        order_lines.customer_id <> '(unknown)' and not coalesce(customers.is_registered, false) as is_unknown_customer,
        products.product_id is null as is_unknown_product,
        order_lines.category = '(unknown)' as is_unknown_category,
        order_lines.is_currency_assumed as is_assumed_currency,
        order_lines.quantity = 0 as is_zero_quantity,
        order_lines.amount < 0 as is_negative_amount,
        order_lines.amount = 0 as is_zero_amount,
        repeated_lines.transaction_id is not null as is_repeated_line,
        order_lines.transaction_date < {{ local_date('customers.registered_at') }} as is_before_registration
    from order_lines
    left join customers on order_lines.customer_id = customers.customer_id
    left join products on order_lines.product_id = products.product_id
    left join repeated_lines on order_lines.transaction_id = repeated_lines.transaction_id
),

flagged as (
    select * from judged
    where
        is_guest_line
        or is_unknown_customer
        or is_unknown_product
        or is_unknown_category
        or is_assumed_currency
        or is_zero_quantity
        or is_negative_amount
        or is_zero_amount
        or is_repeated_line
        or is_before_registration
)

select * from flagged
