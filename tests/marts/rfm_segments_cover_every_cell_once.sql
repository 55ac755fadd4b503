-- A cell without a rule would leave customers without a name; a cell with two would name them twice.
with scores as (
    select 1 as score
    union all
    select 2
    union all
    select 3
    union all
    select 4
    union all
    select 5
),

cells as (
    select
        recency.score as recency_score,
        frequency.score as frequency_score,
        monetary.score as monetary_score
    from scores as recency
    cross join scores as frequency
    cross join scores as monetary
)

select
    cells.recency_score,
    cells.frequency_score,
    cells.monetary_score,
    count(rules.segment) as matching_rules
from cells
left join {{ ref('rfm_segments') }} as rules
    on
        cells.recency_score between rules.r_min and rules.r_max
        and cells.frequency_score between rules.f_min and rules.f_max
        and cells.monetary_score between rules.m_min and rules.m_max
group by cells.recency_score, cells.frequency_score, cells.monetary_score
having count(rules.segment) <> 1
