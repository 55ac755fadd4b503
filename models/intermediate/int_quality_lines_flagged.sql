with transactions as (
    select * from {{ ref('int_transactions_accepted') }}
),

customers as (
    select * from {{ ref('int_customers_identified') }}
),

products as (
    select * from {{ ref('stg_shop__products') }}
),

-- A line without an order is an order of its own, which must not hide that it says the same as another.
repeated as (
    select
        min(transaction_id) as first_transaction_id,
        case when order_id <> 'line_' || transaction_id then order_id end as order_id,
        customer_id,
        product_id,
        quantity,
        amount,
        transacted_at
    from transactions
    group by 2, 3, 4, 5, 6, 7
    having count(*) > 1
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
        repeated.first_transaction_id is not null as is_repeated_line,
        transactions.transaction_date < {{ local_date('customers.registered_at') }} as is_before_registration
    from transactions
    left join customers on transactions.customer_id = customers.customer_id
    left join products on transactions.product_id = products.product_id
    left join repeated
        on
            transactions.transacted_at = repeated.transacted_at
            and transactions.customer_id = repeated.customer_id
            and transactions.product_id = repeated.product_id
            and transactions.quantity = repeated.quantity
            and transactions.amount = repeated.amount
            and transactions.order_id = coalesce(repeated.order_id, 'line_' || transactions.transaction_id)
            and transactions.transaction_id <> repeated.first_transaction_id
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
