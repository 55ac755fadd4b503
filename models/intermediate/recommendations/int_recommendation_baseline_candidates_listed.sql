{{ config(materialized='view') }}
{%- set popular = var('recommendation_new_products') %}
{%- set length = var('recommendation_list_length') %}

with customers as (
    select
        customer_id,
        row_number() over (order by customer_id) as customer_number
    from {{ ref('int_recommendation_customers_listed') }}
    where purpose = 'backtest' and is_listed
),

histories as (
    select * from {{ ref('int_recommendation_histories_summed') }}
    where purpose = 'backtest'
),

products as (
    select
        product_number,
        global_rank,
        recent_rank,
        {{ smallest(['global_rank', 'recent_rank']) }} as best_rank
    from {{ ref('int_recommendation_products_measured') }}
    where purpose = 'backtest'
),

owned as (
    select
        customers.customer_number,
        customers.customer_id,
        products.product_number,
        histories.order_count,
        products.global_rank,
        products.recent_rank,
        products.best_rank
    from customers
    inner join histories on customers.customer_id = histories.customer_id
    inner join products on histories.product_number = products.product_number
),

popular_owned as (
    select
        customer_number,
        product_number
    from owned
    where best_rank <= {{ popular }}
),

owned_counts as (
    select
        customers.customer_number,
        customers.customer_id,
        count(popular_owned.product_number) as owned_count
    from customers
    left join popular_owned on customers.customer_number = popular_owned.customer_number
    group by customers.customer_number, customers.customer_id
),

-- A new product at rank r comes r - owned_count or later in the customer's list, as what the customer has is left out.
listed as (
    select
        customer_number,
        customer_id,
        'repeat' as list,
        product_number,
        order_count,
        global_rank,
        recent_rank
    from owned
    union all
    select
        owned_counts.customer_number,
        owned_counts.customer_id,
        'new' as list,
        products.product_number,
        null as order_count,
        products.global_rank,
        products.recent_rank
    from owned_counts
    inner join products
        on
            products.best_rank <= {{ popular }}
            and (
                products.best_rank <= {{ length }} + owned_counts.owned_count
                or owned_counts.owned_count > {{ popular - length }}
            )
    left join popular_owned
        on
            owned_counts.customer_number = popular_owned.customer_number
            and products.product_number = popular_owned.product_number
    where popular_owned.product_number is null
)

select * from listed
