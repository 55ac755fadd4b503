with transactions as (
    select * from {{ ref('stg_shop__transactions') }}
),

products as (
    select * from {{ ref('stg_shop__products') }}
),

customer_emails as (
    select * from {{ ref('int_customer_emails_matched') }}
),

as_of_dates as (
    select * from {{ ref('int_as_of_date_resolved') }}
),

dated as (
    select
        *,
        {{ local_date('transacted_at') }} as transaction_date,
        coalesce(customer_id, {{ customer_id_from_email('customer_email') }}) as named_customer_id
    from transactions
),

-- The only join that may drop rows: those after the as-of date.
accepted as (
    select dated.*
    from dated
    inner join as_of_dates on dated.transaction_date <= as_of_dates.as_of_date
),

enriched as (
    select
        accepted.transacted_at,
        accepted.transaction_date,
        accepted.quantity,
        accepted.amount,
        accepted.transaction_id,
        -- The prefix keeps a line without an order apart from an order of the same number.
        coalesce(accepted.order_id, 'line_' || accepted.transaction_id) as order_id,
        coalesce(customer_emails.customer_id, accepted.named_customer_id, '(unknown)') as customer_id,
        coalesce(accepted.product_id, '(unknown)') as product_id,
        coalesce(products.category, accepted.category, '(unknown)') as category,
        case when accepted.customer_id is null then lower(trim(accepted.customer_email)) end as customer_email
    from accepted
    left join customer_emails on accepted.named_customer_id = customer_emails.email_customer_id
    left join products on accepted.product_id = products.product_id
)

select * from enriched
