{%- set baselines = {
    'personal_frequency': 'order_count desc nulls last, global_rank asc',
    'global_popularity': 'global_rank asc',
    'popularity_last_30_days': 'recent_rank asc',
} -%}
with candidates as (
    select * from {{ ref('int_recommendation_baseline_candidates_listed') }}
),

-- In one select, as ranks of the same partitions need only one sort of all rows; by number, as text sorts more slowly.
ranked as (
    select
        customer_id,
        list,
        product_number,
        order_count,
        {%- for method, order in baselines.items() %}
            row_number() over (partition by customer_number, list order by {{ order }}) as {{ method }}_rank
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
