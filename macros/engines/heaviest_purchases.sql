{#-
    A select of the histories of customers that has, of each, the given number of products of the highest weight, and with
    them all that weigh as much as the last one; there may be more. `customers` is a CTE with purpose and customer_id.
-#}
{% macro heaviest_purchases(customers, length) -%}
    {{ return(adapter.dispatch('heaviest_purchases')(customers, length)) }}
{%- endmacro %}

{#- All of them. -#}
{% macro default__heaviest_purchases(customers, length) -%}
    select histories.*
    from {{ ref('int_recommendation_histories_summed') }} as histories
    inner join {{ customers }}
        on
            histories.purpose = {{ customers }}.purpose
            and histories.customer_id = {{ customers }}.customer_id
{%- endmacro %}

{#- By an index on the weights, of which it reads a few of each customer: 0.8 s for the demo, where ranking all took 4. -#}
{% macro postgres__heaviest_purchases(customers, length) -%}
    select
        {{ customers }}.purpose,
        heaviest.*
    from {{ customers }}
    inner join {{ ref('int_recommendation_cutoffs_listed') }} as cutoffs on {{ customers }}.purpose = cutoffs.purpose
    cross join lateral (
        select
            customer_id,
            product_number,
            order_count,
            first_order_date,
            last_order_date,
            personal_weight
        from {{ ref('int_recommendation_purchases_summed') }} as purchases
        where
            purchases.customer_id = {{ customers }}.customer_id
            and purchases.last_order_date <= cutoffs.cutoff_date
        order by personal_weight desc
        fetch first {{ length }} rows with ties
    ) as heaviest
    union all
    select earlier_purchases.*
    from {{ ref('int_recommendation_earlier_purchases_summed') }} as earlier_purchases
    inner join {{ customers }}
        on
            earlier_purchases.purpose = {{ customers }}.purpose
            and earlier_purchases.customer_id = {{ customers }}.customer_id
{%- endmacro %}

{#- dbt-redshift inherits what is PostgreSQL's. -#}
{% macro redshift__heaviest_purchases(customers, length) -%}
    {{ return(default__heaviest_purchases(customers, length)) }}
{%- endmacro %}
