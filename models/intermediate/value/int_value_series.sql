with situations as (
    select * from {{ ref('int_value_situations') }}
),

numbers as (
    {{ dbt.generate_series(4096) }}
),

longest as (
    select
        summary_date,
        frequency,
        shape,
        leaving,
        staying,
        max(terms) as terms
    from situations
    group by summary_date, frequency, shape, leaving, staying
),

listed as (
    select
        longest.summary_date,
        longest.frequency,
        numbers.generated_number as term,
        ln((longest.shape + numbers.generated_number - 1) / numbers.generated_number) as log_way,
        ln(
            (longest.staying + numbers.generated_number - 1)
            / (longest.leaving + longest.staying + numbers.generated_number - 1)
        ) as log_stay
    from longest
    inner join numbers on longest.terms >= numbers.generated_number
),

-- Gamma(shape + n) / Gamma(shape) / n! and its like are products, so no engine needs the gamma function.
multiplied as (
    select
        summary_date,
        frequency,
        term,
        sum(log_way) over (
            partition by summary_date, frequency order by term rows between unbounded preceding and current row
        ) as log_ways,
        coalesce(sum(log_stay) over (
            partition by summary_date, frequency order by term rows between unbounded preceding and 1 preceding
        ), 0) as log_stayed
    from listed
),

series as (
    select
        summary_date,
        frequency,
        term,
        log_ways,
        sum(exp(greatest(-700, log_stayed))) over (
            partition by summary_date, frequency order by term rows between unbounded preceding and current row
        ) as purchases
    from multiplied
)

select * from series
