{#- Condition on a basket: that the array of its products has one at least of those of another relation. -#}
{% macro holds_any(baskets, products) -%}
    {{ return(adapter.dispatch('holds_any')(baskets, products)) }}
{%- endmacro %}

{% macro default__holds_any(baskets, products) -%}
    product_numbers && (select coalesce(array_agg(product_number), cast(array[] as integer [])) from {{ products }})
{%- endmacro %}

{% macro snowflake__holds_any(baskets, products) -%}
    order_id in (
        select items.order_id
        from {{ items_listed(baskets, 'product_numbers', 'product_number') }} as items
        inner join {{ products }} on items.product_number = {{ products }}.product_number
    )
{%- endmacro %}

{% macro bigquery__holds_any(baskets, products) -%}
    {{ snowflake__holds_any(baskets, products) }}
{%- endmacro %}

{% macro redshift__holds_any(baskets, products) -%}
    {{ snowflake__holds_any(baskets, products) }}
{%- endmacro %}

{% macro spark__holds_any(baskets, products) -%}
    {{ snowflake__holds_any(baskets, products) }}
{%- endmacro %}
