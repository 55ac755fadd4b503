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
ordered as (
    select
        *,
        case when order_id <> 'line_' || transaction_id then order_id else '(none)' end as named_order_id
    from transactions
),

repeated as (
    select
        named_order_id,
        customer_id,
        product_id,
        quantity,
        amount,
        transacted_at,
        min(transaction_id) as first_transaction_id
    from ordered
    group by named_order_id, customer_id, product_id, quantity, amount, transacted_at
    having count(*) > 1
),

judged as (
    select
        ordered.transaction_id,
        ordered.amount,
        not coalesce(customers.is_registered, false) as is_unknown_customer,
        products.product_id is null as is_unknown_product,
        ordered.category = '(unknown)' as is_unknown_category,
        ordered.quantity = 0 as is_zero_quantity,
        ordered.amount < 0 as is_negative_amount,
        ordered.amount = 0 as is_zero_amount,
        repeated.first_transaction_id is not null as is_repeated_line,
        ordered.transaction_date < {{ local_date('customers.registered_at') }} as is_before_registration
    from ordered
    left join customers on ordered.customer_id = customers.customer_id
    left join products on ordered.product_id = products.product_id
    left join repeated
        on
            ordered.named_order_id = repeated.named_order_id
            and ordered.customer_id = repeated.customer_id
            and ordered.product_id = repeated.product_id
            and ordered.quantity = repeated.quantity
            and ordered.amount = repeated.amount
            and ordered.transacted_at = repeated.transacted_at
            and ordered.transaction_id <> repeated.first_transaction_id
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
