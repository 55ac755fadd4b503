{%- set baselines = {
    'personal_frequency': 'order_count desc, global_rank asc',
    'global_popularity': 'global_rank asc',
    'popularity_last_30_days': 'recent_rank asc',
} -%}
with customers as (
    select *
    from {{ ref('int_recommendation_customers_listed') }}
    where purpose = 'backtest' and is_listed
),

histories as (
    select *
    from {{ ref('int_recommendation_histories_summed') }}
    where purpose = 'backtest'
),

products as (
    select *
    from {{ ref('int_recommendation_products_measured') }}
    where purpose = 'backtest'
),

-- Read once more, for a filter on the products above would be applied anew for every customer.
popular_products as (
    select *
    from {{ ref('int_recommendation_products_measured') }}
    where
        purpose = 'backtest'
        and least(recent_rank, global_rank) <= {{ var('recommendation_new_products') }}
),

candidates as (
    select
        customers.customer_id,
        'repeat' as list,
        products.product_number,
        histories.order_count,
        products.global_rank,
        products.recent_rank
    from customers
    inner join histories on customers.customer_id = histories.customer_id
    inner join products on histories.product_number = products.product_number
    union all
    select
        customers.customer_id,
        'new' as list,
        popular_products.product_number,
        null as order_count,
        popular_products.global_rank,
        popular_products.recent_rank
    from customers
    cross join popular_products
    left join histories
        on
            customers.customer_id = histories.customer_id
            and popular_products.product_number = histories.product_number
    where histories.product_number is null
),

ranked as (
    {% for method, order in baselines.items() -%}
        select
            'backtest' as purpose,
            '{{ method }}' as method,
            customer_id,
            list,
            product_number,
            row_number() over (partition by customer_id, list order by {{ order }}) as rank
        from candidates
        {{ 'where order_count is not null' if method == 'personal_frequency' }}
        {{ 'union all' if not loop.last }}
    {% endfor %}
),

listed as (
    select *
    from ranked
    where rank <= {{ var('recommendation_list_length') }}
)

select * from listed
