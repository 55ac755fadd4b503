{{
    config(
        materialized=kept_materialization(),
        incremental_strategy='delete+insert',
        unlogged=false,
        unique_key='order_id',
        post_hook='{% if is_incremental() %}delete from {{ this }} where product_number is null{% endif %}',
    )
}}

with transactions as (
    select * from {{ ref('int_transactions_accepted') }}
),

orders as (
    select * from {{ ref('int_customer_orders_summed') }}
),

products as (
    select * from {{ ref('int_products_numbered') }}
),

{% if is_incremental() %}
    touched as (
        {{ touched_keys(['order_id'], seen_build()) }}
    ),
{% endif %}

-- The unknown product has no number: two lines without a product need not be the same one.
purchased as (
    select
        orders.customer_id,
        orders.order_id,
        orders.order_date,
        products.product_number,
        transactions.amount
    from transactions
    inner join orders
        on
            transactions.customer_id = orders.customer_id
            and transactions.order_id = orders.order_id
            and orders.is_purchase
    inner join products on transactions.product_id = products.product_id
    {% if is_incremental() %}
        where transactions.order_id in (select touched.order_id from touched)
    {% endif %}
),

-- What holds for an order holds for a product of it: nothing left after a refund is not a purchase.
kept as (
    select
        customer_id,
        order_id,
        order_date,
        product_number,
        {{ last_build() }} as last_build
    from purchased
    group by customer_id, order_id, order_date, product_number
    having sum(amount) > 0 or min(amount) >= 0
)

select * from kept
{% if is_incremental() %}
    -- An order that keeps nothing comes without a product, which goes once it has replaced the old rows.
    union all
    select
        cast(null as {{ dbt.type_string() }}) as customer_id,
        order_id,
        cast(null as date) as order_date,
        cast(null as integer) as product_number,
        {{ last_build() }} as last_build
    from touched
{% endif %}
