with order_hours as (
    select * from {{ ref('int_order_hours') }}
),

summed as (
    select
        customer_id,
        order_id,
        min(transaction_hour) as first_hour,
        min(case when sale_count > 0 then transaction_hour end) as first_sale_hour,
        min(transaction_date) as first_date,
        min(case when sale_count > 0 then transaction_date end) as first_sale_date,
        cast(sum(transaction_count) as bigint) as transaction_count,
        sum(gross_revenue) as gross_revenue,
        sum(refunds) as refunds,
        sum(costed_revenue) as costed_revenue,
        sum(gross_margin) as gross_margin,
        sum(net_revenue) as net_revenue
    from order_hours
    group by customer_id, order_id
),

-- An order with nothing left after refunds is not a purchase; one that was free from the start is.
classified as (
    select
        customer_id,
        order_id,
        coalesce(first_sale_hour, first_hour) as order_hour,
        coalesce(first_sale_date, first_date) as order_date,
        case
            when first_sale_date is null then 'credit note'
            when net_revenue > 0 or refunds = 0 then 'purchase'
            else 'refunded order'
        end as order_type,
        transaction_count,
        gross_revenue,
        refunds,
        costed_revenue,
        gross_margin,
        net_revenue
    from summed
),

marked as (
    select
        *,
        order_type = 'purchase' as is_purchase
    from classified
)

select * from marked
