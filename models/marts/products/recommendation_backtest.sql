with counted as (
    select * from {{ ref('int_recommendation_hits_counted') }}
),

cutoffs as (
    select *
    from {{ ref('int_recommendation_cutoffs_listed') }}
    where purpose = 'backtest'
),

averaged as (
    select
        method,
        list,
        k,
        count(*) as customers,
        {{ mean('hits * 1.0 / relevant_products') }} as recall,
        {{ mean('hits * 1.0 / k') }} as precision,
        {{ mean('case when hits > 0 then 1.0 else 0 end') }} as hit_rate,
        {{ mean('gain / ideal_gain') }} as ndcg
    from counted
    group by method, list, k
),

dated as (
    select
        averaged.method,
        averaged.list,
        averaged.k,
        averaged.customers,
        cast(averaged.recall as numeric(9, 6)) as recall,
        cast(averaged.precision as numeric(9, 6)) as precision,
        cast(averaged.hit_rate as numeric(9, 6)) as hit_rate,
        cast(averaged.ndcg as numeric(9, 6)) as ndcg,
        cutoffs.cutoff_date,
        cutoffs.horizon_date
    from averaged
    cross join cutoffs
)

select * from dated
