with customers as (
    select * from {{ ref('customer_metrics') }}
),

products as (
    select * from {{ ref('product_kpis') }}
),

categories as (
    select * from {{ ref('category_kpis') }}
),

everyone as (
    select
        'customer' as dimension,
        customer_id as member,
        total_spend as revenue
    from customers
    union all
    select
        'product' as dimension,
        product_id as member,
        total_revenue as revenue
    from products
    union all
    select
        'category' as dimension,
        category as member,
        total_revenue as revenue
    from categories
),

members as (
    select * from everyone
    where revenue > 0 and member <> '(unknown)'
),

-- Members with equal revenue are counted together, so that they are in one class.
summed as (
    select
        *,
        rank() over (partition by dimension order by revenue desc) as revenue_rank,
        sum(revenue) over (
            partition by dimension order by revenue desc range between unbounded preceding and current row
        ) as cumulative_revenue,
        sum(revenue) over (partition by dimension, revenue) as equal_revenue,
        sum(revenue) over (partition by dimension) as total_revenue
    from members
),

classed as (
    select
        dimension,
        member,
        cast(revenue as numeric(18, 2)) as revenue,
        revenue_rank,
        {{ rounded_quotient('revenue', 'total_revenue', 9, 6) }} as revenue_share,
        {{ rounded_quotient('cumulative_revenue', 'total_revenue', 9, 6) }} as cumulative_share,
        case
            when cumulative_revenue - equal_revenue < {{ var('abc_class_a_share') }} * total_revenue then 'A'
            when cumulative_revenue - equal_revenue < {{ var('abc_class_b_share') }} * total_revenue then 'B'
            else 'C'
        end as abc_class
    from summed
)

select * from classed
