with cohort_members as (
    select * from {{ ref('int_cohort_members') }}
),

as_of_dates as (
    select * from {{ ref('int_as_of_date') }}
),

calendar_months as (
    select * from {{ ref('int_calendar_months') }}
),

first_months as (
    select min(calendar_month) as first_month
    from calendar_months
),

dated as (
    select
        cohort_members.cohort_month,
        cohort_members.first_purchase_date,
        cohort_members.second_purchase_date,
        as_of_dates.as_of_date
    from cohort_members
    cross join as_of_dates
),

waited as (
    select
        cohort_month,
        {{ dbt.datediff('first_purchase_date', 'second_purchase_date', 'day') }}
            as days_to_second,
        {{ dbt.datediff('first_purchase_date', 'as_of_date', 'day') }}
            as days_known
    from dated
),

counted as (
    select
        cohort_month,
        count(*) as cohort_size,
        count(days_to_second) as second_purchase_customers,
        percentile_cont(0.5) within group (order by days_to_second) as median_days,
        sum(case when days_to_second <= 30 then 1 else 0 end) as within_30d,
        sum(case when days_to_second <= 60 then 1 else 0 end) as within_60d,
        sum(case when days_to_second <= 90 then 1 else 0 end) as within_90d,
        min(days_known) as least_days_known
    from waited
    group by cohort_month
),

-- A share is only known once the last customer of the cohort has had all of its days.
rated as (
    select
        counted.cohort_month,
        counted.cohort_size,
        counted.second_purchase_customers,
        cast(counted.median_days as numeric(18, 1)) as median_days_to_second_purchase,
        {{ rounded_quotient(
            'case when counted.least_days_known >= 30 then counted.within_30d end * 1.0', 'counted.cohort_size', 9, 6
        ) }} as share_within_30d,
        {{ rounded_quotient(
            'case when counted.least_days_known >= 60 then counted.within_60d end * 1.0', 'counted.cohort_size', 9, 6
        ) }} as share_within_60d,
        {{ rounded_quotient(
            'case when counted.least_days_known >= 90 then counted.within_90d end * 1.0', 'counted.cohort_size', 9, 6
        ) }} as share_within_90d,
        counted.cohort_month = first_months.first_month as is_left_censored
    from counted
    cross join first_months
)

select * from rated
