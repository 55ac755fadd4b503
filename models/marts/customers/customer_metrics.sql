with customers as (
    select * from {{ ref('int_customers') }}
),

orders as (
    select * from {{ ref('int_orders') }}
),

day_totals as (
    select * from {{ ref('int_purchase_summaries') }}
),

as_of_dates as (
    select * from {{ ref('int_as_of_date') }}
),

order_totals as (
    select
        customer_id,
        sum(case when is_purchase then 1 else 0 end) as purchase_count,
        sum(case when order_type = 'credit note' then 1 else 0 end) as credit_note_count,
        sum(case when order_type = 'refunded order' then 1 else 0 end) as refunded_order_count,
        sum(costed_revenue) as costed_revenue,
        sum(gross_margin) as gross_margin,
        sum(net_revenue) as total_spend
    from orders
    group by customer_id
),

measured as (
    select
        customers.customer_id,
        customers.is_registered,
        coalesce(order_totals.purchase_count, 0) as purchase_count,
        coalesce(order_totals.credit_note_count, 0) as credit_note_count,
        coalesce(order_totals.refunded_order_count, 0) as refunded_order_count,
        coalesce(order_totals.total_spend, 0) as total_spend,
        -- Credit notes may exceed what was bought; a purchase was not worth less than nothing.
        {{ rounded_quotient(
            'case when order_totals.total_spend >= 0 then order_totals.total_spend end',
            'nullif(order_totals.purchase_count, 0)', 18, 2
        ) }} as average_transaction_value,
        order_totals.gross_margin,
        coalesce(order_totals.costed_revenue, 0) as costed_revenue,
        coalesce(day_totals.purchase_days, 0) as purchase_days,
        day_totals.first_purchase_date,
        day_totals.last_purchase_date,
        {{ dbt.datediff('day_totals.first_purchase_date', 'day_totals.last_purchase_date', 'day') }}
            as customer_lifetime_days,
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
        credit_note_count,
        refunded_order_count,
        {{ rounded_parts('total_spend', 'customer_id') }} as total_spend,
        average_transaction_value,
        first_purchase_date,
        last_purchase_date,
        {{ dbt.datediff('last_purchase_date', 'as_of_date', 'day') }}
            as days_since_last_purchase,
        customer_lifetime_days,
        purchase_days,
        greatest(purchase_days - 1, 0) as frequency,
        customer_lifetime_days as recency_days,
        {{ dbt.datediff('first_purchase_date', 'as_of_date', 'day') }}
            as tenure_days,
        cast(monetary_value as numeric(18, 2)) as monetary_value,
        cast(gross_margin as numeric(18, 2)) as gross_margin,
        {{ rounded_quotient('coalesce(costed_revenue, 0)', 'nullif(total_spend, 0)', 18, 6) }} as costed_revenue_share
    from measured
)

select * from rounded
