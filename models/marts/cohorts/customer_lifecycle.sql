with customer_months as (
    select * from {{ ref('int_customer_months') }}
),

calendar_months as (
    select * from {{ ref('int_calendar_months') }}
),

purchase_months as (
    select
        calendar_month,
        cast({{ dbt.dateadd('month', -1, 'calendar_month') }} as date) as month_before,
        cast({{ dbt.dateadd('month', 1, 'calendar_month') }} as date) as month_after,
        lag(calendar_month) over (partition by customer_id order by calendar_month) as last_month,
        lead(calendar_month) over (partition by customer_id order by calendar_month) as next_month
    from customer_months
    where is_purchase_month
),

arrived as (
    select
        calendar_month,
        count(*) as active_customers,
        sum(case when last_month is null then 1 else 0 end) as new_customers,
        sum(case when last_month = month_before then 1 else 0 end) as returning_customers,
        sum(case when last_month < month_before then 1 else 0 end) as resurrected_customers
    from purchase_months
    group by calendar_month
),

left_off as (
    select
        month_after as calendar_month,
        count(*) as dormant_customers
    from purchase_months
    where next_month is null or next_month > month_after
    group by month_after
),

-- A month without any purchase has zero customers; it is not missing.
filled as (
    select
        calendar_months.calendar_month as month,
        coalesce(arrived.active_customers, 0) as active_customers,
        coalesce(arrived.new_customers, 0) as new_customers,
        coalesce(arrived.returning_customers, 0) as returning_customers,
        coalesce(arrived.resurrected_customers, 0) as resurrected_customers,
        coalesce(left_off.dormant_customers, 0) as dormant_customers,
        calendar_months.is_complete
    from calendar_months
    left join arrived on calendar_months.calendar_month = arrived.calendar_month
    left join left_off on calendar_months.calendar_month = left_off.calendar_month
)

select * from filled
