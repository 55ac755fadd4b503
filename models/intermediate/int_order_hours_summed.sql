{{
    config(
        materialized=kept_materialization(),
        incremental_strategy='delete+insert',
        unlogged=false,
        unique_key='order_id',
        post_hook='{% if is_incremental() %}delete from {{ this }} where transaction_count = 0{% endif %}',
    )
}}
{%- set keys = 'touched' if is_incremental() else 'transactions' %}

with transactions as (
    select * from {{ ref('int_transactions_accepted') }}
),

{% if is_incremental() %}
    touched as (
        {{ touched_keys(['order_id'], seen_build()) }}
    ),
{% endif %}

-- An order that lost its last line comes with a count of 0, which goes once it has replaced the old rows.
summed as (
    select
        transactions.customer_id,
        {{ keys }}.order_id,
        {{ local_hour('transactions.transacted_at') }} as transaction_hour,
        transactions.transaction_date,
        min(transactions.customer_email) as customer_email,
        count(transactions.order_id) as transaction_count,
        sum(case when transactions.amount >= 0 then 1 else 0 end) as sale_count,
        sum(case when transactions.amount > 0 then transactions.amount else 0 end) as gross_revenue,
        sum(case when transactions.amount < 0 then -transactions.amount else 0 end) as refunds,
        sum(transactions.amount) as net_revenue,
        {{ last_build() }} as last_build
    from {{ keys }}
    {% if is_incremental() %}
        left join transactions on touched.order_id = transactions.order_id
    {% endif %}
    group by
        transactions.customer_id,
        {{ keys }}.order_id,
        {{ local_hour('transactions.transacted_at') }},
        transactions.transaction_date
)

select * from summed
