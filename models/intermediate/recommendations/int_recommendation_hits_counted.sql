with targets as (
    select * from {{ ref('int_recommendation_targets_listed') }}
),

lists as (
    {% for ranked in ['int_recommendation_lists_ranked', 'int_recommendation_baselines_ranked'] -%}
        select
            method,
            customer_id,
            list,
            product_number,
            rank
        from {{ ref(ranked) }}
        where purpose = 'backtest'
        {{ 'union all' if not loop.last }}
    {% endfor %}
),

-- What a hit at a rank is worth; numeric, so that sums are exact.
gains as (
    {% for rank in range(1, 11) -%}
        select
            {{ rank }} as rank,
            cast(ln(2.0) / ln({{ rank + 1 }}.0) as {{ type_exact(12, 10) }}) as gain
        {{ 'union all' if not loop.last }}
    {% endfor %}
),

ideal_gains as (
    select
        rank as hits,
        sum(gain) over (order by rank) as ideal_gain
    from gains
),

lengths as (
    select rank as k from gains
    where rank in (5, 10)
),

methods as (
    select distinct
        method,
        list
    from lists
),

-- A customer without a list by a method counts, too. Added up, not joined, as no engine can tell how few the hits are.
outcomes as (
    select
        methods.method,
        targets.list,
        targets.customer_id,
        count(*) as relevant_products,
        0 as rank,
        cast(0 as {{ type_exact(12, 10) }}) as gain
    from targets
    inner join methods on targets.list = methods.list
    group by methods.method, targets.list, targets.customer_id
    union all
    select
        lists.method,
        lists.list,
        lists.customer_id,
        0 as relevant_products,
        gains.rank,
        gains.gain
    from lists
    inner join targets
        on
            lists.customer_id = targets.customer_id
            and lists.list = targets.list
            and lists.product_number = targets.product_number
    inner join gains on lists.rank = gains.rank
),

summed as (
    select
        outcomes.method,
        outcomes.list,
        lengths.k,
        outcomes.customer_id,
        max(outcomes.relevant_products) as relevant_products,
        sum(case when outcomes.rank > 0 then 1 else 0 end) as hits,
        sum(outcomes.gain) as gain
    from outcomes
    inner join lengths on outcomes.rank <= lengths.k
    group by outcomes.method, outcomes.list, lengths.k, outcomes.customer_id
),

counted as (
    select
        summed.*,
        ideal_gains.ideal_gain
    from summed
    inner join ideal_gains on {{ smallest(['summed.k', 'summed.relevant_products']) }} = ideal_gains.hits
)

select * from counted
