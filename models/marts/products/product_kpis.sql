with products as (
    select * from {{ ref('int_source_products') }}
),

sold as (
    select * from {{ ref('int_products') }}
),

-- Products that never sold are kept, and so are those that sold but are in no products file.
described as (
    select
        coalesce(sold.product_id, products.product_id) as product_id,
        products.product_name,
        coalesce(sold.category, products.category, '(unknown)') as category,
        products.product_type,
        cast(coalesce(sold.transaction_count, 0) as bigint) as transaction_count,
        coalesce(sold.order_count, 0) as order_count,
        coalesce(sold.unique_customers, 0) as unique_customers,
        {{ rounded_quotient('sold.repeat_buyers * 1.0', 'nullif(sold.unique_customers, 0)', 9, 6) }}
            as repeat_customer_rate,
        coalesce(sold.quantity, 0) as quantity,
        coalesce(sold.gross_revenue, 0) as gross_revenue,
        coalesce(sold.net_revenue, 0) as net_revenue,
        coalesce(sold.costed_revenue, 0) as costed_revenue,
        sold.gross_margin,
        sold.first_purchase_date,
        sold.last_purchase_date
    from products
    full outer join sold on products.product_id = sold.product_id
    -- On a pinned past day, products launched later are not known yet.
    where
        {{ pinned_as_of_date() }} is null
        or sold.product_id is not null
        or products.launched_on is null
        or products.launched_on <= {{ pinned_as_of_date() }}
),

rounded as (
    select
        *,
        -- The greater of the two, so that fractions of a cent never make refunds negative.
        greatest(
            {{ rounded_parts('gross_revenue', 'product_id') }},
            {{ rounded_parts('net_revenue', 'product_id') }}
        ) as rounded_gross_revenue,
        {{ rounded_parts('net_revenue', 'product_id') }} as total_revenue
    from described
),

ranked as (
    select
        product_id,
        product_name,
        category,
        product_type,
        transaction_count,
        order_count,
        unique_customers,
        repeat_customer_rate,
        quantity,
        rounded_gross_revenue as gross_revenue,
        cast(rounded_gross_revenue - total_revenue as numeric(18, 2)) as refunds,
        total_revenue,
        {{ rounded_quotient('total_revenue', 'nullif(transaction_count, 0)', 18, 2) }} as average_transaction_value,
        {{ rounded_quotient('total_revenue', 'nullif(sum(total_revenue) over (), 0)', 18, 6) }} as revenue_share,
        case
            when transaction_count > 0
                then
                    rank() over (
                        order by case when transaction_count > 0 then total_revenue end desc nulls last, product_id asc
                    )
        end as revenue_rank,
        cast(gross_margin as numeric(18, 2)) as gross_margin,
        {{ rounded_quotient('coalesce(costed_revenue, 0)', 'nullif(net_revenue, 0)', 18, 6) }} as costed_revenue_share,
        first_purchase_date,
        last_purchase_date
    from rounded
)

select * from ranked
