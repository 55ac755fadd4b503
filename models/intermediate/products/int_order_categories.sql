with order_lines as (
    select * from {{ ref('int_order_lines') }}
),

-- Few, so that the join costs next to nothing; one with all kept products would take longer than everything else here.
lost_products as (
    select
        customer_id,
        order_id,
        product_id
    from {{ ref('int_order_products') }}
    where not is_kept
),

kept as (
    select
        order_lines.customer_id,
        order_lines.order_id,
        order_lines.category
    from order_lines
    left join lost_products
        on
            order_lines.customer_id = lost_products.customer_id
            and order_lines.order_id = lost_products.order_id
            and order_lines.product_id = lost_products.product_id
    where lost_products.product_id is null
    group by order_lines.customer_id, order_lines.order_id, order_lines.category
),

-- Integers are joined and counted in a third of the time of text, and there are some fifty pairs for each order.
numbered as (
    select
        customer_id,
        order_id,
        category,
        cast(dense_rank() over (order by customer_id, order_id) as integer) as order_number,
        cast(dense_rank() over (order by category) as integer) as category_number,
        count(*) over (partition by customer_id, order_id) as category_count
    from kept
)

select * from numbered
