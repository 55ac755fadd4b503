-- A warning, not an error: the lists are right by their definition, but on these data they are not worth showing.
{{ config(severity='warn') }}

with scores as (
    select
        list,
        max(case when method = 'shipped' then precision end) as shipped_precision,
        max(case when method in ('global_popularity', 'popularity_last_30_days') then precision end)
            as popularity_precision
    from {{ ref('recommendation_backtest') }}
    where k = 10 and cut = 'mean'
    group by list
)

select *
from scores
where coalesce(shipped_precision, 0) < popularity_precision
