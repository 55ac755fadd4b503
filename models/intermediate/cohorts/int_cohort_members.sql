with orders as (
    select * from {{ ref('int_orders') }}
    where is_purchase and customer_id <> '(unknown)'
),

order_lines as (
    select * from {{ ref('int_order_lines') }}
),

purchase_days as (
    select * from {{ ref('int_purchase_days') }}
),

customers as (
    select * from {{ ref('int_customers') }}
),

ordered as (
    select
        customer_id,
        order_id,
        row_number() over (partition by customer_id order by order_date, order_hour, order_id) as purchase_number
    from orders
),

first_orders as (
    select
        customer_id,
        order_id
    from ordered
    where purchase_number = 1
),

first_categories as (
    select
        order_lines.customer_id,
        order_lines.category,
        row_number() over (
            partition by order_lines.customer_id
            order by sum(order_lines.amount) desc, order_lines.category asc
        ) as revenue_rank
    from order_lines
    inner join first_orders
        on
            order_lines.customer_id = first_orders.customer_id
            and order_lines.order_id = first_orders.order_id
    group by order_lines.customer_id, order_lines.category
),

numbered_days as (
    select
        customer_id,
        purchase_date,
        row_number() over (partition by customer_id order by purchase_date) as day_number
    from purchase_days
),

dated as (
    select
        customer_id,
        min(purchase_date) as first_purchase_date,
        max(case when day_number = 2 then purchase_date end) as second_purchase_date
    from numbered_days
    where day_number <= 2
    group by customer_id
),

described as (
    select
        dated.customer_id,
        cast({{ dbt.date_trunc('month', 'dated.first_purchase_date') }} as date) as cohort_month,
        dated.first_purchase_date,
        dated.second_purchase_date,
        coalesce(customers.customer_segment, '(unknown)') as customer_segment,
        coalesce(first_categories.category, '(unknown)') as first_category
    from dated
    left join customers on dated.customer_id = customers.customer_id
    left join first_categories
        on
            dated.customer_id = first_categories.customer_id
            and first_categories.revenue_rank = 1
)

select * from described
