{{ config(materialized='view') }}

{#- To remove a source, delete its folder in models/staging and its line here. -#}
{%- set models = [
    'stg_shop__transactions',
    'stg_shopify__transactions',
    'stg_woocommerce__transactions',
    'stg_square__transactions',
    'stg_etsy__transactions',
    'stg_amazon__transactions',
    'stg_stripe__transactions',
    'stg_paypal__transactions',
    'stg_german_shop__transactions',
    'stg_online_retail__transactions',
    'stg_superstore__transactions',
    'stg_olist__transactions',
] -%}

{% for model in models %}
    select
        '{{ model[4:].split("__")[0] }}' as source,
        transaction_id,
        order_id,
        customer_id,
        product_id,
        _load_id,
        customer_email,
        category,
        currency,
        exclusion_reason,
        quantity,
        amount,
        cost,
        transacted_at,
        _loaded_at
    from {{ ref(model) }}
    {{ 'union all' if not loop.last }}
{% endfor %}
