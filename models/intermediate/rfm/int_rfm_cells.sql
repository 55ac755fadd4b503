with rules as (
    select * from {{ ref('rfm_segments') }}
),

scores as (
    {{ dbt.generate_series(5) }}
),

answers as (
    select true as answer
    union all
    select false as answer
),

cells as (
    select
        recency.generated_number as recency_score,
        frequency.generated_number as frequency_score,
        monetary.generated_number as monetary_score,
        firsts.answer as is_first_purchase,
        lates.answer as is_late
    from scores as recency
    cross join scores as frequency
    cross join scores as monetary
    cross join answers as firsts
    cross join answers as lates
),

-- A rule without an answer holds for both.
named as (
    select
        cells.recency_score,
        cells.frequency_score,
        cells.monetary_score,
        cells.is_first_purchase,
        cells.is_late,
        rules.segment as rfm_segment
    from cells
    left join rules
        on
            cells.recency_score between rules.r_min and rules.r_max
            and cells.frequency_score between rules.f_min and rules.f_max
            and cells.monetary_score between rules.m_min and rules.m_max
            and cells.is_first_purchase = rules.is_first_purchase
            and cells.is_late = rules.is_late
)

select * from named
