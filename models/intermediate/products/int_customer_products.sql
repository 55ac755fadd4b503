with order_lines as (
    select * from {{ ref('int_order_lines') }}
),

orders as (
    select * from {{ ref('int_orders') }}
),

-- As for days: a line that is no refund, of an order of which something is left.
judged as (
    select
        order_lines.*,
        case when orders.is_purchase and order_lines.amount >= 0 then 1 else 0 end as is_bought
    from order_lines
    left join orders
        on
            order_lines.customer_id = orders.customer_id
            and order_lines.order_id = orders.order_id
),

-- By order first, so that orders need not be told apart twice more.
summed_by_order as (
    select
        customer_id,
        product_id,
        order_id,
        max(is_bought) as is_bought,
        count(*) as transaction_count,
        sum(quantity) as quantity,
        sum(case when amount > 0 then amount else 0 end) as gross_revenue,
        sum(case when amount < 0 then -amount else 0 end) as refunds,
        sum(amount) as net_revenue,
        min(case when is_bought = 1 then transaction_date end) as first_purchase_date,
        max(case when is_bought = 1 then transaction_date end) as last_purchase_date,
        min(category) as first_category,
        max(category) as last_category
    from judged
    group by customer_id, product_id, order_id
),

summed as (
    select
        customer_id,
        product_id,
        count(*) as order_count,
        max(transaction_count) > 1 as is_on_several_lines,
        sum(is_bought) as purchase_count,
        sum(transaction_count) as transaction_count,
        sum(quantity) as quantity,
        sum(gross_revenue) as gross_revenue,
        sum(refunds) as refunds,
        sum(net_revenue) as net_revenue,
        min(first_purchase_date) as first_purchase_date,
        max(last_purchase_date) as last_purchase_date,
        min(first_category) as first_category,
        max(last_category) as last_category
    from summed_by_order
    group by customer_id, product_id
)

select * from summed
