with cohort_members as (
    select * from {{ ref('int_cohort_members') }}
),

customer_months as (
    select * from {{ ref('int_customer_months') }}
),

calendar_months as (
    select * from {{ ref('int_calendar_months') }}
),

grouped_members as (
    select
        customer_id,
        cohort_month,
        'all' as dimension,
        '(all)' as member
    from cohort_members
    union all
    select
        customer_id,
        cohort_month,
        'customer_segment' as dimension,
        customer_segment as member
    from cohort_members
    union all
    select
        customer_id,
        cohort_month,
        'first_category' as dimension,
        first_category as member
    from cohort_members
),

cohorts as (
    select
        dimension,
        member,
        cohort_month,
        count(*) as cohort_size
    from grouped_members
    group by dimension, member, cohort_month
),

cohort_months as (
    select
        grouped_members.dimension,
        grouped_members.member,
        grouped_members.cohort_month,
        customer_months.calendar_month,
        sum(case when customer_months.is_purchase_month then 1 else 0 end) as retained_customers,
        sum(customer_months.net_revenue) as net_revenue,
        sum(customer_months.costed_revenue) as costed_revenue,
        sum(customer_months.gross_margin) as gross_margin
    from customer_months
    inner join grouped_members on customer_months.customer_id = grouped_members.customer_id
    group by
        grouped_members.dimension, grouped_members.member, grouped_members.cohort_month, customer_months.calendar_month
),

first_months as (
    select min(calendar_month) as first_month
    from calendar_months
),

-- A month without a row had no purchases, so 0; a month that has not fully elapsed says nothing yet, so NULL.
cells as (
    select
        cohorts.dimension,
        cohorts.member,
        cohorts.cohort_month,
        cast(
            {{
                dbt.datediff('cohorts.cohort_month', 'calendar_months.calendar_month', 'month')
            }} as integer
        ) as month_number,
        calendar_months.calendar_month,
        cohorts.cohort_size,
        case when calendar_months.is_complete then coalesce(cohort_months.retained_customers, 0) end
            as retained_customers,
        case when calendar_months.is_complete then coalesce(cohort_months.net_revenue, 0) end as net_revenue,
        case when calendar_months.is_complete then coalesce(cohort_months.costed_revenue, 0) end as costed_revenue,
        case when calendar_months.is_complete then cohort_months.gross_margin end as gross_margin,
        calendar_months.is_complete,
        cohorts.cohort_month = first_months.first_month as is_left_censored
    from cohorts
    inner join calendar_months on cohorts.cohort_month <= calendar_months.calendar_month
    cross join first_months
    left join cohort_months
        on
            cohorts.dimension = cohort_months.dimension
            and cohorts.member = cohort_months.member
            and cohorts.cohort_month = cohort_months.cohort_month
            and calendar_months.calendar_month = cohort_months.calendar_month
)

select * from cells
