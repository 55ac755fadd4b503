with customers as (
    select * from {{ ref('int_customers') }}
),

orders as (
    select * from {{ ref('int_orders') }}
),

customer_days as (
    select * from {{ ref('int_customer_days') }}
),

as_of_dates as (
    select * from {{ ref('int_as_of_date') }}
),

order_totals as (
    select
        customer_id,
        sum(case when is_purchase then 1 else 0 end) as purchase_count,
        sum(net_revenue) as total_spend
    from orders
    group by customer_id
),

purchase_days as (
    select
        customer_id,
        transaction_date,
        net_revenue,
        row_number() over (partition by customer_id order by transaction_date) as day_number
    from customer_days
    where is_purchase_day
),

day_totals as (
    select
        customer_id,
        min(transaction_date) as first_purchase_date,
        max(transaction_date) as last_purchase_date,
        count(*) as purchase_days,
        sum(case when day_number > 1 then net_revenue end) as repeat_day_spend
    from purchase_days
    group by customer_id
),

measured as (
    select
        customers.customer_id,
        customers.is_registered,
        coalesce(order_totals.purchase_count, 0) as purchase_count,
        coalesce(order_totals.total_spend, 0) as total_spend,
        {{ rounded_quotient('order_totals.total_spend', 'nullif(order_totals.purchase_count, 0)', 18, 2) }}
            as average_transaction_value,
        coalesce(day_totals.purchase_days, 0) as purchase_days,
        day_totals.first_purchase_date,
        day_totals.last_purchase_date,
        as_of_dates.as_of_date,
        case
            when day_totals.purchase_days is null then null
            when day_totals.purchase_days = 1 then 0
            else {{ rounded_quotient('day_totals.repeat_day_spend', '(day_totals.purchase_days - 1)', 18, 2) }}
        end as monetary_value
    from customers
    left join order_totals on customers.customer_id = order_totals.customer_id
    left join day_totals on customers.customer_id = day_totals.customer_id
    cross join as_of_dates
),

rounded as (
    select
        customer_id,
        is_registered,
        purchase_count,
        {{ rounded_parts('total_spend', 'customer_id') }} as total_spend,
        average_transaction_value,
        first_purchase_date,
        last_purchase_date,
        {{ dbt.datediff('last_purchase_date', 'as_of_date', 'day') }}
            as days_since_last_purchase,
        {{ dbt.datediff('first_purchase_date', 'last_purchase_date', 'day') }}
            as customer_lifetime_days,
        purchase_days,
        greatest(purchase_days - 1, 0) as frequency,
        {{ dbt.datediff('first_purchase_date', 'last_purchase_date', 'day') }}
            as recency_days,
        {{ dbt.datediff('first_purchase_date', 'as_of_date', 'day') }}
            as tenure_days,
        cast(monetary_value as numeric(18, 2)) as monetary_value
    from measured
)

select * from rounded
