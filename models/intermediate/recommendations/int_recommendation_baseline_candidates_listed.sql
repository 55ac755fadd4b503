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

counted as (
    select
        customer_number,
        count(case when best_rank <= {{ popular }} then 1 end) as owned_count,
        count(case when global_rank <= {{ popular }} then 1 end) as global_count,
        count(case when recent_rank <= {{ popular }} then 1 end) as recent_count,
        count(case when order_count > 1 then 1 end) as repeated_count
    from owned
    group by customer_number
),

-- What is left out comes after a whole list in each of the orders: of the customer's own what is bought once and not
-- popular, where enough is; of new products those at a rank r that is so far down that r - owned_count is, too.
listed as (
    select
        owned.customer_number,
        owned.customer_id,
        'repeat' as list,
        owned.product_number,
        owned.order_count,
        owned.global_rank,
        owned.recent_rank
    from owned
    inner join counted on owned.customer_number = counted.customer_number
    where
        owned.best_rank <= {{ popular }}
        or owned.order_count > 1
        or {{ smallest(['counted.global_count', 'counted.recent_count', 'counted.repeated_count']) }} < {{ length }}
    union all
    select
        customers.customer_number,
        customers.customer_id,
        'new' as list,
        products.product_number,
        null as order_count,
        products.global_rank,
        products.recent_rank
    from customers
    left join counted on customers.customer_number = counted.customer_number
    inner join products
        on
            products.best_rank <= {{ popular }}
            and (
                products.best_rank <= {{ length }} + coalesce(counted.owned_count, 0)
                or counted.owned_count > {{ popular - length }}
            )
    left join owned
        on
            customers.customer_number = owned.customer_number
            and products.product_number = owned.product_number
            and owned.best_rank <= {{ popular }}
    where owned.product_number is null
)

select * from listed
