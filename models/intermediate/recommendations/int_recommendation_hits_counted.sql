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

-- A customer without a list by a method counts, too.
expected as (
    select
        targets.customer_id,
        targets.list,
        lengths.k,
        count(*) as relevant_products
    from targets
    cross join lengths
    group by targets.customer_id, targets.list, lengths.k
),

methods as (
    select distinct
        method,
        list
    from lists
),

-- A method's chance at each customer, with no hit yet, and then its hits: added up, not joined, as an engine can't tell
-- how few rows the hits are.
outcomes as (
    select
        methods.method,
        expected.list,
        expected.k,
        expected.customer_id,
        expected.relevant_products,
        0 as hits,
        cast(0 as {{ type_exact(12, 10) }}) as gain
    from expected
    inner join methods on expected.list = methods.list
    union all
    select
        lists.method,
        lists.list,
        lengths.k,
        lists.customer_id,
        0 as relevant_products,
        1 as hits,
        gains.gain
    from lists
    inner join targets
        on
            lists.customer_id = targets.customer_id
            and lists.list = targets.list
            and lists.product_number = targets.product_number
    inner join gains on lists.rank = gains.rank
    inner join lengths on gains.rank <= lengths.k
),

summed as (
    select
        method,
        list,
        k,
        customer_id,
        max(relevant_products) as relevant_products,
        sum(hits) as hits,
        sum(gain) as gain
    from outcomes
    group by method, list, k, customer_id
),

counted as (
    select
        summed.*,
        ideal_gains.ideal_gain
    from summed
    inner join ideal_gains on {{ smallest(['summed.k', 'summed.relevant_products']) }} = ideal_gains.hits
)

select * from counted
