{%- set baselines = {
    'personal_frequency': 'order_count desc nulls last, global_rank asc',
    'global_popularity': 'global_rank asc',
    'popularity_last_30_days': 'recent_rank asc',
} -%}
{%- set popular = var('recommendation_new_products') -%}
with customers as (
    select * from {{ ref('int_recommendation_customers_listed') }}
    where purpose = 'backtest' and is_listed
),

histories as (
    select * from {{ ref('int_recommendation_histories_summed') }}
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
        and (recent_rank <= {{ popular }} or global_rank <= {{ popular }})
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

-- In one select, as ranks of the same partitions need only one sort of all rows.
ranked as (
    select
        customer_id,
        list,
        product_number,
        order_count,
        {%- for method, order in baselines.items() %}
            row_number() over (partition by customer_id, list order by {{ order }}) as {{ method }}_rank
            {%- if not loop.last %},{% endif %}
        {%- endfor %}
    from candidates
),

kept as (
    select *
    from ranked
    where
        {{ smallest((baselines | join('_rank,') ~ '_rank').split(',')) }}
        <= {{ var('recommendation_list_length') }}
),

listed as (
    {% for method in baselines -%}
        select
            'backtest' as purpose,
            '{{ method }}' as method,
            customer_id,
            list,
            product_number,
            {{ method }}_rank as rank
        from kept
        where
            {{ method }}_rank <= {{ var('recommendation_list_length') }}
            {{ 'and order_count is not null' if method == 'personal_frequency' }}
        {{ 'union all' if not loop.last }}
    {% endfor %}
)

select * from listed
