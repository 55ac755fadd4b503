{{
    config(
        materialized=kept_materialization(),
        incremental_strategy='delete+insert',
        unlogged=false,
        unique_key=['customer_id', 'category'],
        post_hook='{% if is_incremental() %}delete from {{ this }} where transaction_count = 0{% endif %}',
    )
}}
{%- set keys = 'touched' if is_incremental() else 'transactions' %}

with transactions as (
    select * from {{ ref('int_transactions_accepted') }}
),

{% if is_incremental() %}
    touched as (
        {{ touched_keys(['customer_id', 'category'], seen_build()) }}
    ),
{% endif %}

-- A category that a customer has no line of any more comes with a count of 0, which goes once it has replaced the old.
summed as (
    select
        {{ keys }}.customer_id,
        {{ keys }}.category,
        count(transactions.category) as transaction_count,
        sum(transactions.amount) as net_revenue,
        {{ last_build() }} as last_build
    from {{ keys }}
    {% if is_incremental() %}
        left join transactions
            on
                touched.customer_id = transactions.customer_id
                and touched.category = transactions.category
    {% endif %}
    group by {{ keys }}.customer_id, {{ keys }}.category
)

select * from summed
