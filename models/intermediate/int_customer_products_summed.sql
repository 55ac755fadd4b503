{{
    config(
        materialized=kept_materialization(),
        incremental_strategy='delete+insert',
        unlogged=false,
        unique_key=['customer_id', 'product_id'],
        post_hook='{% if is_incremental() %}delete from {{ this }} where transaction_count = 0{% endif %}',
    )
}}

with transactions as (
    select * from {{ ref('int_transactions_accepted') }}
),

orders as (
    select * from {{ ref('int_customer_orders_summed') }}
),

{% if is_incremental() %}
    touched as (
        {{ touched_keys(['customer_id', 'product_id'], seen_build(), judges_orders=true) }}
    ),
{% endif %}

judged as (
    select
        transactions.*,
        -- As for days: a line that is no refund, of an order of which something is left.
        (orders.is_purchase and transactions.amount >= 0) as is_bought
    from transactions
    left join orders
        on
            transactions.customer_id = orders.customer_id
            and transactions.order_id = orders.order_id
),

-- A product that a customer has no line of any more comes with a count of 0, which goes once it has replaced the old.
summed as (
    {{ summed_customer_products('judged', 'touched' if is_incremental() else 'judged') }}
),

stamped as (
    select
        *,
        {{ last_build() }} as last_build
    from summed
)

select * from stamped
