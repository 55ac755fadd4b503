{{ config(materialized=kept_materialization(), incremental_strategy='append', unlogged=false) }}

with customer_products as (
    select * from {{ ref('int_customer_products_summed') }}
),

sold as (
    select
        product_id,
        sum(purchase_count) as purchase_count
    from customer_products
    where product_id <> '(unknown)'
    group by product_id
),

{% if is_incremental() %}
    numbered_before as (
        select * from {{ this }}
    ),
{% endif %}

numbered as (
    select
        sold.product_id,
        cast(
            row_number() over (order by sold.purchase_count desc, sold.product_id asc)
            {% if is_incremental() %}
                + (select coalesce(max(former.product_number), 0) from numbered_before as former)
            {% endif %}
            as integer
        ) as product_number
    from sold
    {% if is_incremental() %}
        left join numbered_before on sold.product_id = numbered_before.product_id
        where numbered_before.product_id is null
    {% endif %}
)

select * from numbered
