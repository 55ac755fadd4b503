-- Every active customer of a month is retained in exactly one cohort, and every new one starts in one.
with cohorts as (
    select
        calendar_month,
        sum(retained_customers) as retained_customers,
        sum(case when month_number = 0 then cohort_size else 0 end) as new_customers
    from {{ ref('cohort_retention') }}
    group by calendar_month
)

select
    lifecycle.month,
    lifecycle.new_customers,
    lifecycle.active_customers,
    cohorts.new_customers as cohort_new_customers,
    cohorts.retained_customers as cohort_retained_customers
from {{ ref('customer_lifecycle') }} as lifecycle
left join cohorts on lifecycle.month = cohorts.calendar_month
where
    coalesce(cohorts.new_customers, 0) is distinct from lifecycle.new_customers
    or (
        lifecycle.is_complete
        and coalesce(cohorts.retained_customers, 0) is distinct from lifecycle.active_customers
    )
