{{ config(materialized=read_once_materialization()) }}
{%- set weights = var('recommendation_weights') -%}
{%- set methods = ['personal', 'co_purchase', 'segment_affinity', 'popularity'] -%}
with new_products as (
    select * from {{ ref('int_recommendation_new_scored') }}
),

owned as (
    select * from {{ ref('int_recommendation_owned_ranked') }}
),

united as (
    select
        purpose,
        customer_id,
        list,
        product_number,
        product_id,
        cast(null as {{ type_double() }}) as personal_score,
        segment_affinity_score,
        co_purchase_score,
        popularity_score
    from new_products
    union all
    select
        purpose,
        customer_id,
        'repeat' as list,
        product_number,
        product_id,
        cast(personal_weight as {{ type_double() }}) as personal_score,
        cast(null as {{ type_double() }}) as segment_affinity_score,
        cast(null as {{ type_double() }}) as co_purchase_score,
        cast(repeat_purchase_rate as {{ type_double() }}) as popularity_score
    from owned
),

-- The best that a method has for a list is 1, so that methods compare.
normalized as (
    select
        purpose,
        customer_id,
        list,
        product_number,
        product_id,
        {% for method in methods -%}
            coalesce(
                {{ method }}_score
                / nullif(max({{ method }}_score) over (partition by purpose, customer_id, list), 0),
                {{ method }}_score
            ) as {{ method }}_score
            {%- if not loop.last %},{% endif %}
        {% endfor %}
    from united
),

scored as (
    select
        *,
        cast(
            {%- for method in methods %}
                coalesce({{ method }}_score, 0)
                * case list
                    when 'repeat' then {{ weights['repeat'].get(method, 0) }}
                    when 'new' then {{ weights['new'].get(method, 0) }}
                end{{ ' +' if not loop.last }}
            {%- endfor %}
            as numeric(9, 6)
        ) as score,
        -- What a customer bought needs no other reason; else the method for which the product is nearest to its best.
        case coalesce(personal_score, {{ largest((methods | join('_score,') ~ '_score').split(',')) }})
            {%- for method in methods %}
                when {{ method }}_score then '{{ method }}'
            {%- endfor %}
        end as method
    from normalized
)

select * from scored
