{#- To remove a source, delete its folder in models/staging and its line here. -#}
{%- set models = [
    'stg_shop__products',
    'stg_square__products',
    'stg_etsy__products',
    'stg_amazon__products',
    'stg_german_shop__products',
    'stg_online_retail__products',
    'stg_superstore__products',
    'stg_olist__products',
] -%}

{% for model in models %}
    select
        '{{ model[4:].split("__")[0] }}' as source,
        product_id,
        _load_id,
        product_name,
        category,
        product_type,
        display_name,
        status,
        price,
        unit_cost,
        launched_on,
        _loaded_at
    from {{ ref(model) }}
    {{ 'union all' if not loop.last }}
{% endfor %}
