with user_journeys as (
    select * from {{ ref('user_journeys') }}
),

as_of_dates as (
    select * from {{ ref('int_journey_as_of_date') }}
),

summed as (
    select
        signup_month,
        {{ journey_funnel_measures() }}
    from user_journeys
    group by signup_month
),

-- A month has fully elapsed when its last day is known.
flagged as (
    select
        summed.*,
        cast({{ dbt.dateadd('month', 1, 'summed.signup_month') }} as date)
        <= cast({{ dbt.dateadd('day', 1, 'as_of_dates.as_of_date') }} as date) as is_complete
    from summed
    cross join as_of_dates
)

select * from flagged
