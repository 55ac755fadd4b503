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
            cast(ln(2.0) / ln({{ rank + 1 }}.0) as numeric(12, 10)) as gain
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

found as (
    select
        lists.method,
        lists.list,
        lists.customer_id,
        lengths.k,
        count(*) as hits,
        sum(gains.gain) as gain
    from lists
    inner join targets
        on
            lists.customer_id = targets.customer_id
            and lists.list = targets.list
            and lists.product_number = targets.product_number
    inner join gains on lists.rank = gains.rank
    inner join lengths on gains.rank <= lengths.k
    group by lists.method, lists.list, lists.customer_id, lengths.k
),

counted as (
    select
        methods.method,
        methods.list,
        expected.k,
        expected.customer_id,
        expected.relevant_products,
        coalesce(found.hits, 0) as hits,
        coalesce(found.gain, 0) as gain,
        ideal_gains.ideal_gain
    from methods
    inner join expected on methods.list = expected.list
    inner join ideal_gains on least(expected.k, expected.relevant_products) = ideal_gains.hits
    left join found
        on
            methods.method = found.method
            and methods.list = found.list
            and expected.k = found.k
            and expected.customer_id = found.customer_id
)

select * from counted
