{{ config(materialized='view') }}

with transactions as (
    select * from {{ ref('stg_shop__transactions') }}
),

products as (
    select * from {{ ref('stg_shop__products') }}
),

customers as (
    select * from {{ ref('stg_shop__customers') }}
),

customer_emails as (
    select * from {{ ref('int_customer_emails_matched') }}
),

named as (
    select
        transaction_id,
        -- The prefix keeps a line without an order apart from an order of the same number.
        coalesce(order_id, 'line_' || transaction_id) as order_id,
        coalesce(product_id, '(unknown)') as product_id,
        coalesce(customer_id, {{ customer_id_from_email('customer_email') }}) as named_customer_id,
        case when customer_id is null then lower(trim(customer_email)) end as customer_email,
        category as named_category,
        quantity,
        amount,
        {{ local_date('transacted_at') }} as transaction_date,
        transacted_at,
        '{{ var("time_zone") }}' as time_zone,
        _load_id
    from transactions
),

described as (
    {{ describe_lines('named') }}
),

judged as (
    select
        *,
        {{ is_accepted('transaction_date') }} as is_accepted
    from described
)

select * from judged
