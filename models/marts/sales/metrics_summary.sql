with customers as (
    select * from {{ ref('int_customers') }}
),

orders as (
    select * from {{ ref('int_orders') }}
),

as_of_dates as (
    select * from {{ ref('int_as_of_date') }}
),

reporting_currencies as (
    select * from {{ ref('int_reporting_currency') }}
),

customer_totals as (
    select count(*) as total_customers
    from customers
    where customer_id <> '(unknown)'
),

order_totals as (
    select
        coalesce(sum(case when is_purchase then 1 else 0 end), 0) as total_orders,
        coalesce(sum(case when order_type = 'credit note' then 1 else 0 end), 0) as total_credit_notes,
        coalesce(sum(case when order_type = 'refunded order' then 1 else 0 end), 0) as total_refunded_orders,
        coalesce(sum(transaction_count), 0) as total_transactions,
        coalesce(sum(net_revenue), 0) as total_revenue
    from orders
),

summarized as (
    select
        reporting_currencies.currency,
        customer_totals.total_customers,
        cast(order_totals.total_orders as bigint) as total_orders,
        cast(order_totals.total_credit_notes as bigint) as total_credit_notes,
        cast(order_totals.total_refunded_orders as bigint) as total_refunded_orders,
        cast(order_totals.total_transactions as bigint) as total_transactions,
        cast(order_totals.total_revenue as numeric(18, 2)) as total_revenue,
        {{ rounded_quotient('order_totals.total_revenue', 'nullif(order_totals.total_transactions, 0)', 18, 2) }}
            as average_transaction_value,
        {{ rounded_quotient('order_totals.total_revenue', 'nullif(order_totals.total_orders, 0)', 18, 2) }}
            as average_order_value,
        as_of_dates.as_of_date
    from as_of_dates
    cross join reporting_currencies
    cross join customer_totals
    cross join order_totals
)

select * from summarized
