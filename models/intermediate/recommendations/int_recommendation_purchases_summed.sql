{{
    config(
        materialized=kept_materialization(),
        incremental_strategy='delete+insert',
        unlogged=false,
        unique_key=['customer_id', 'product_number'],
        indexes=indexes_on([['customer_id', 'personal_weight']]),
        post_hook='{% if is_incremental() %}delete from {{ this }} where order_count = 0{% endif %}',
    )
}}
{#- All rows say by what they are weighed, and say the same. -#}
{%- set weighed_otherwise -%}
    select former.weight_date
    from (select weight_date, half_life_days from {{ this }} limit 1) as former
    inner join {{ ref('int_recommendation_periods_resolved') }} as periods
        on former.weight_date <> periods.weight_date or former.half_life_days <> periods.half_life_days
{%- endset %}

-- depends_on: {{ ref('int_products_numbered') }}, {{ ref('int_transactions_versioned') }}
with periods as (
    select * from {{ ref('int_recommendation_periods_resolved') }}
),

-- What comes after the period comes after the as-of date, too.
bought as (
    select
        order_products.customer_id,
        order_products.product_number,
        order_products.order_date,
        periods.weight_date
    from {{ ref('int_order_products_listed') }} as order_products
    inner join periods on order_products.order_date <= periods.last_weight_date
    where order_products.customer_id <> '(unknown)'
),

{% if is_incremental() %}
    touched as (
        select
            lines.customer_id,
            products.product_number
        from ({{ touched_keys(['customer_id', 'product_id'], seen_build(), judges_orders=true) }}) as lines
        inner join {{ ref('int_products_numbered') }} as products on lines.product_id = products.product_id
        {% if execute and run_query(weighed_otherwise).rows %}
            {{ union_distinct() }}
            select
                customer_id,
                product_number
            from {{ this }}
            {{ union_distinct() }}
            select
                customer_id,
                product_number
            from bought
        {% endif %}
    ),

    purchases as (
        select
            touched.customer_id,
            touched.product_number,
            bought.order_date,
            bought.weight_date
        from touched
        left join bought
            on
                touched.customer_id = bought.customer_id
                and touched.product_number = bought.product_number
    ),
{% else %}
    purchases as (
        select * from bought
    ),
{% endif %}

-- A product that a customer has not bought any more comes with a count of 0, which goes once it has replaced the old.
summed as (
    select
        customer_id,
        product_number,
        cast(count(order_date) as integer) as order_count,
        min(order_date) as first_order_date,
        max(order_date) as last_order_date,
        sum({{ recency_weight('order_date', 'weight_date', var('recommendation_personal_half_life_days')) }})
            as personal_weight
    from purchases
    group by customer_id, product_number
),

stamped as (
    select
        summed.*,
        periods.weight_date,
        periods.half_life_days,
        {{ last_build() }} as last_build
    from summed
    cross join periods
)

select * from stamped
