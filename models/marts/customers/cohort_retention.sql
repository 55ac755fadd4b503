with customer_months as (
    select * from {{ ref('int_customer_months') }}
),

calendar_months as (
    select * from {{ ref('int_calendar_months') }}
),

cohort_members as (
    select
        customer_id,
        min(calendar_month) as cohort_month
    from customer_months
    where is_purchase_month
    group by customer_id
),

cohorts as (
    select
        cohort_month,
        count(*) as cohort_size
    from cohort_members
    group by cohort_month
),

cohort_months as (
    select
        cohort_members.cohort_month,
        customer_months.calendar_month,
        sum(case when customer_months.is_purchase_month then 1 else 0 end) as retained_customers,
        sum(customer_months.net_revenue) as net_revenue
    from customer_months
    inner join cohort_members on customer_months.customer_id = cohort_members.customer_id
    group by cohort_members.cohort_month, customer_months.calendar_month
),

-- A month without a row had no purchases, so 0; a month that has not fully elapsed says nothing yet, so NULL.
cells as (
    select
        cohorts.cohort_month,
        calendar_months.calendar_month,
        cohorts.cohort_size,
        calendar_months.is_complete,
        case when calendar_months.is_complete then coalesce(cohort_months.retained_customers, 0) end
            as retained_customers,
        case when calendar_months.is_complete then coalesce(cohort_months.net_revenue, 0) end as net_revenue
    from cohorts
    inner join calendar_months on cohorts.cohort_month <= calendar_months.calendar_month
    left join cohort_months
        on
            cohorts.cohort_month = cohort_months.cohort_month
            and calendar_months.calendar_month = cohort_months.calendar_month
),

rated as (
    select
        cohort_month,
        cast(
            {{
                dbt.datediff('cohort_month', 'calendar_month', 'month')
            }} as integer
        ) as month_number,
        calendar_month,
        cohort_size,
        retained_customers,
        {{ rounded_quotient('retained_customers * 1.0', 'cohort_size', 9, 6) }} as retention_rate,
        cast(net_revenue as numeric(18, 2)) as net_revenue,
        is_complete
    from cells
)

select * from rated
