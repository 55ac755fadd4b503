with customer_categories as (
    select * from {{ ref('int_customer_categories') }}
),

summed as (
    select
        category,
        sum(transaction_count) as transaction_count,
        count(case when sale_count > 0 then nullif(customer_id, '(unknown)') end) as unique_customers,
        sum(costed_revenue) as costed_revenue,
        sum(gross_margin) as gross_margin,
        sum(net_revenue) as total_revenue
    from customer_categories
    group by category
),

shared as (
    select
        category,
        cast(transaction_count as bigint) as transaction_count,
        {{ rounded_parts('total_revenue', 'category') }} as total_revenue,
        {{ rounded_quotient('total_revenue', 'transaction_count', 18, 2) }} as average_transaction_value,
        unique_customers,
        {{ rounded_quotient('total_revenue', 'nullif(sum(total_revenue) over (), 0)', 18, 6) }} as revenue_share,
        cast(gross_margin as numeric(18, 2)) as gross_margin,
        {{ rounded_quotient('coalesce(costed_revenue, 0)', 'nullif(total_revenue, 0)', 18, 6) }} as costed_revenue_share
    from summed
)

select * from shared
