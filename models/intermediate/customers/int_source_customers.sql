{#- To remove a source, delete its folder in models/staging and its line here. -#}
{%- set models = [
    'stg_shop__customers',
    'stg_shopify__customers',
    'stg_woocommerce__customers',
    'stg_square__customers',
    'stg_etsy__customers',
    'stg_stripe__customers',
    'stg_german_shop__customers',
    'stg_online_retail__customers',
    'stg_superstore__customers',
    'stg_olist__customers',
] -%}

{% for model in models %}
    select
        '{{ model[4:].split("__")[0] }}' as source,
        {{ loop.index }} as source_rank,
        customer_id,
        _load_id,
        customer_name,
        email,
        customer_segment,
        age_group,
        location,
        status,
        registered_at,
        _loaded_at
    from {{ ref(model) }}
    {{ 'union all' if not loop.last }}
{% endfor %}
