{{
    config(
        materialized=kept_materialization(),
        incremental_strategy='delete+insert',
        unlogged=false,
        unique_key=['customer_id', 'product_id'],
        post_hook='{% if is_incremental() %}delete from {{ this }} where transaction_count = 0{% endif %}',
    )
}}
{%- set keys = 'touched' if is_incremental() else 'judged' %}

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
    select
        {{ keys }}.customer_id,
        {{ keys }}.product_id,
        count(judged.product_id) as transaction_count,
        count(distinct judged.order_id) as order_count,
        count(judged.product_id) > count(distinct judged.order_id) as is_on_several_lines,
        count(distinct case when judged.is_bought then judged.order_id end) as purchase_count,
        sum(judged.quantity) as quantity,
        sum(case when judged.amount > 0 then judged.amount else 0 end) as gross_revenue,
        sum(case when judged.amount < 0 then -judged.amount else 0 end) as refunds,
        sum(judged.amount) as net_revenue,
        min(case when judged.is_bought then judged.transaction_date end) as first_purchase_date,
        max(case when judged.is_bought then judged.transaction_date end) as last_purchase_date,
        min(judged.category) as first_category,
        max(judged.category) as last_category,
        {{ last_build() }} as last_build
    from {{ keys }}
    {% if is_incremental() %}
        left join judged
            on
                touched.customer_id = judged.customer_id
                and touched.product_id = judged.product_id
    {% endif %}
    group by {{ keys }}.customer_id, {{ keys }}.product_id
)

select * from summed
