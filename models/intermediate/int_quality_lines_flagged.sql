with transactions as (
    select * from {{ ref('int_transactions_accepted') }}
),

customers as (
    select * from {{ ref('int_customers_identified') }}
),

products as (
    select * from {{ ref('stg_shop__products') }}
),

repeated_lines as (
    select * from {{ ref('int_repeated_lines_listed') }}
),

judged as (
    select
        transactions.transaction_id,
        transactions.amount,
        not coalesce(customers.is_registered, false) as is_unknown_customer,
        products.product_id is null as is_unknown_product,
        transactions.category = '(unknown)' as is_unknown_category,
        transactions.quantity = 0 as is_zero_quantity,
        transactions.amount < 0 as is_negative_amount,
        transactions.amount = 0 as is_zero_amount,
        repeated_lines.transaction_id is not null as is_repeated_line,
        transactions.transaction_date < {{ local_date('customers.registered_at') }} as is_before_registration
    from transactions
    left join customers on transactions.customer_id = customers.customer_id
    left join products on transactions.product_id = products.product_id
    left join repeated_lines on transactions.transaction_id = repeated_lines.transaction_id
),

flagged as (
    select * from judged
    where
        is_unknown_customer
        or is_unknown_product
        or is_unknown_category
        or is_zero_quantity
        or is_negative_amount
        or is_zero_amount
        or is_repeated_line
        or is_before_registration
)

select * from flagged
