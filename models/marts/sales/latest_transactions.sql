-- This view reads the raw tables, not staging: PostgreSQL drops a view with the one below it, and every build replaces
-- staging. This way it always exists, and shows a line as soon as its file is loaded.
with transactions as (
    select * from {{ source('shop', 'transactions') }}
),

products as (
    select * from {{ source('shop', 'products') }}
),

customers as (
    select
        customer_id,
        email,
        registered_at,
        1 as source_rank
    from {{ source('shop', 'customers') }}
),

customer_emails as (
    {{ match_customer_emails('customers') }}
),

named as (
    select
        *,
        coalesce(
            {{ blank_to_null('customer_id') }},
            {{ customer_id_from_email(blank_to_null('customer_email')) }}
        ) as named_customer_id
    from transactions
),

latest as (
    select
        named.transaction_id,
        named.transacted_at,
        coalesce(customer_emails.customer_id, named.named_customer_id, '(unknown)') as customer_id,
        coalesce({{ blank_to_null('named.product_id') }}, '(unknown)') as product_id,
        coalesce(
            {{ blank_to_null('products.category') }},
            {{ blank_to_null('named.category') }},
            '(unknown)'
        ) as category,
        named.amount
    from named
    left join customer_emails on named.named_customer_id = customer_emails.email_customer_id
    left join products on named.product_id = products.product_id
    where
        {{ pinned_as_of_date() }} is null
        or {{ local_date('named.transacted_at') }} <= {{ pinned_as_of_date() }}
)

select * from latest
order by transacted_at desc, transaction_id asc
