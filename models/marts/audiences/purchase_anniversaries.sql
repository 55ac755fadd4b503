{{ config(meta={'hold_out_share': 0.1, 'valid_days': 14}) }}

{%- set days_before = 7 -%}

with profiles as (
    select * from {{ ref('customer_profiles') }}
),

as_of_dates as (
    select * from {{ ref('int_as_of_date') }}
),

-- Whoever bought in the first month of the data may have bought before, as cohort_retention says of that month.
first_months as (
    select min({{ dbt.date_trunc('month', 'first_purchase_date') }}) as first_month
    from profiles
    where purchase_count > 0
),

-- A week ahead, so that a message can be there on the day.
known as (
    select
        profiles.customer_id,
        profiles.first_purchase_date,
        cast({{ dbt.dateadd('day', days_before, 'as_of_dates.as_of_date') }} as date) as seen_until
    from profiles
    cross join as_of_dates
    cross join first_months
    where
        profiles.purchase_count > 0
        and profiles.customer_id <> '(unknown)'
        and {{ dbt.date_trunc('month', 'profiles.first_purchase_date') }} > first_months.first_month
),

counted as (
    select
        *,
        {{ dbt.datediff('first_purchase_date', 'seen_until', 'year') }} as calendar_years
    from known
),

-- The latest anniversary that is not after that day.
reached as (
    select
        *,
        calendar_years - case
            when {{ dbt.dateadd('year', 'calendar_years', 'first_purchase_date') }} > seen_until then 1 else 0
        end as years
    from counted
),

celebrated as (
    select
        customer_id,
        first_purchase_date,
        years,
        cast({{ dbt.dateadd('year', 'years', 'first_purchase_date') }} as date) as anniversary
    from reached
    where years > 0
),

entered as (
    select
        customer_id,
        cast({{ dbt.dateadd('day', -days_before, 'anniversary') }} as date) as entered_on,
        'Bought first on ' || cast(first_purchase_date as {{ dbt.type_string() }}) || '; '
        || cast(years as {{ dbt.type_string() }}) || case years when 1 then ' year' else ' years' end
        || ' ago on ' || cast(anniversary as {{ dbt.type_string() }}) || '.' as reason
    from celebrated
)

select * from entered
