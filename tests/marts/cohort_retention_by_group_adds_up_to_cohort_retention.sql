-- In each dimension every customer and every cent of a cohort is in exactly one group.
with dimensions as (
    select 'customer_segment' as dimension
    union all
    select 'first_category' as dimension
),

grouped as (
    select
        dimension,
        cohort_month,
        month_number,
        sum(cohort_size) as cohort_size,
        sum(retained_customers) as retained_customers,
        sum(net_revenue) as net_revenue
    from {{ ref('cohort_retention_by_group') }}
    group by dimension, cohort_month, month_number
),

cells as (
    select
        dimensions.dimension,
        cohorts.cohort_month,
        cohorts.month_number,
        cohorts.cohort_size,
        cohorts.retained_customers,
        cohorts.net_revenue
    from {{ ref('cohort_retention') }} as cohorts
    cross join dimensions
)

select
    cells.*,
    grouped.cohort_size as grouped_cohort_size,
    grouped.retained_customers as grouped_retained_customers,
    grouped.net_revenue as grouped_net_revenue
from cells
full outer join grouped
    on
        cells.dimension = grouped.dimension
        and cells.cohort_month = grouped.cohort_month
        and cells.month_number = grouped.month_number
where
    cells.cohort_size is distinct from grouped.cohort_size
    or cells.retained_customers is distinct from grouped.retained_customers
    or cells.net_revenue is distinct from grouped.net_revenue
