{%- set metrics = {'recall': 'hits / sold', 'precision': 'hits / k', 'hit_rate': 'sign(hits)', 'ndcg': 'gain / best'} %}
with placed as (
    select
        targets.*,
        lists.rank as shipped
    from {{ ref('int_recommendation_targets') }} as targets
    left join {{ ref('int_recommendation_lists') }} as lists
        on
            targets.as_of_date = lists.as_of_date
            and targets.customer_id = lists.customer_id
            and targets.product_id = lists.product_id
),

counted as (
    {% for method in ['shipped', 'personal_frequency', 'global_popularity', 'popularity_last_30_days'] -%}
        {% for k in [5, 10] -%}
            select
                '{{ method }}' as method,
                list,
                {{ k }} as k,
                as_of_date as cutoff_date,
                cast(count(*) as {{ type_double() }}) as sold,
                cast(count(case when {{ method }} <= {{ k }} then 1 end) as {{ type_double() }}) as hits,
                sum(case when {{ method }} <= {{ k }} then 1 / ln({{ method }} + 1) else 0 end) as gain,
                0 {%- for rank in range(1, k + 1) %}
                    + case when count(*) >= {{ rank }} then 1 / ln({{ rank }} + 1) else 0 end
                {%- endfor %} as best
            from placed
            {{ "where list = 'repeat'" if method == 'personal_frequency' }}
            group by list, as_of_date, customer_id
            {{ 'union all' if not loop.last }}
        {% endfor %}
        {{ 'union all' if not loop.last }}
    {% endfor %}
),

averaged as (
    select
        method,
        list,
        k,
        cutoff_date,
        {% for metric, share in metrics.items() -%}
            avg({{ share }}) as {{ metric }},
        {% endfor -%}
        count(*) as customers
    from counted
    group by method, list, k, cutoff_date
),

summarized as (
    select
        method,
        list,
        k,
        coalesce(cast(cutoff_date as {{ dbt.type_string() }}), 'mean') as cut,
        cast(sum(customers) as bigint) as customers,
        {% for metric in metrics -%}
            cast(avg({{ metric }}) as numeric(9, 6)) as {{ metric }},
            cast(stddev_samp({{ metric }}) / sqrt(count(*)) as numeric(9, 6)) as {{ metric }}_error,
        {% endfor -%}
        cutoff_date,
        cast({{ dbt.dateadd('day', var('recommendation_horizon_days'), 'cutoff_date') }} as date) as horizon_date
    from averaged
    group by grouping sets ((method, list, k, cutoff_date), (method, list, k))
)

select * from summarized
