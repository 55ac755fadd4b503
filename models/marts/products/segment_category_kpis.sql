with customer_categories as (
    select * from {{ ref('int_customer_categories') }}
),

customers as (
    select * from {{ ref('int_customers') }}
),

summed as (
    select
        coalesce(customers.customer_segment, '(unknown)') as customer_segment,
        customer_categories.category,
        sum(customer_categories.transaction_count) as transaction_count,
        count(
            case when customer_categories.sale_count > 0 then nullif(customer_categories.customer_id, '(unknown)') end
        ) as unique_customers,
        sum(customer_categories.net_revenue) as net_revenue
    from customer_categories
    left join customers on customer_categories.customer_id = customers.customer_id
    group by coalesce(customers.customer_segment, '(unknown)'), customer_categories.category
),

rounded as (
    select
        *,
        {{ rounded_parts('net_revenue', 'customer_segment, category') }} as total_revenue
    from summed
),

ranked as (
    select
        customer_segment,
        category,
        cast(transaction_count as bigint) as transaction_count,
        total_revenue,
        {{ rounded_quotient('total_revenue', 'transaction_count', 18, 2) }} as average_transaction_value,
        unique_customers,
        {{ rounded_quotient(
            'total_revenue', 'nullif(sum(total_revenue) over (partition by customer_segment), 0)', 18, 6
        ) }} as revenue_share,
        rank() over (partition by customer_segment order by total_revenue desc, category asc) as revenue_rank
    from rounded
)

select * from ranked
