-- How much money is under (unknown), and why. Run it with `dbt show --select unknown_members`.
with order_lines as (
    select * from {{ ref('order_lines') }}
),

classified as (
    select
        case when category = '(unknown)' then 'no category' else 'category' end as category_state,
        case when product_id = '(unknown)' then 'no product' else 'product' end as product_state,
        case when customer_segment = '(unknown)' then 'no segment' else 'segment' end as segment_state,
        amount
    from order_lines
),

summed as (
    select
        category_state,
        product_state,
        segment_state,
        count(*) as transaction_count,
        cast(sum(amount) as numeric(18, 2)) as net_revenue
    from classified
    group by category_state, product_state, segment_state
)

select * from summed
order by net_revenue desc
