{%- set metrics = {'recall': 'hits / bought', 'precision': 'hits / k', 'hit_rate': 'least(hits, 1)', 'ndcg': 'gain / best'} -%}

with counted as (
    {% for method in ['lists.rank', 'personal_frequency', 'global_popularity', 'popularity_last_30_days'] -%}
        select
            '{{ method | replace('lists.rank', 'shipped') }}' as method,
            targets.list,
            lengths.k,
            targets.as_of_date as cutoff_date,
            cast(count(*) as {{ type_double() }}) as bought,
            cast(count(case when {{ method }} <= lengths.k then 1 end) as {{ type_double() }}) as hits,
            sum(case when {{ method }} <= lengths.k then 1 / ln({{ method }} + 1) else 0 end) as gain,
            0 {%- for rank in range(1, 11) %}
                + case when least(count(*), lengths.k) < {{ rank }} then 0 else 1 / ln({{ rank }} + 1) end
            {%- endfor %} as best
        from {{ ref('int_recommendation_targets') }} as targets
        cross join (select 5 as k union all select 10 as k) as lengths
        left join {{ ref('int_recommendation_lists') }} as lists
            on
                targets.as_of_date = lists.as_of_date
                and targets.customer_id = lists.customer_id
                and targets.product_id = lists.product_id
        {{ "where targets.list = 'repeat'" if method == 'personal_frequency' }}
        group by targets.list, lengths.k, targets.as_of_date, targets.customer_id
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
