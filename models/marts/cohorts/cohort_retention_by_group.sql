with cells as (
    select * from {{ ref('int_cohort_cells') }}
    where dimension <> 'all'
),

rounded as (
    select
        dimension,
        member,
        cohort_month,
        month_number,
        calendar_month,
        cohort_size,
        retained_customers,
        {{ rounded_parts('net_revenue', 'member', partition_by='dimension, cohort_month, month_number') }}
            as net_revenue,
        costed_revenue,
        gross_margin,
        is_complete,
        is_left_censored
    from cells
),

cumulated as (
    select
        *,
        sum(net_revenue) over (partition by dimension, member, cohort_month order by month_number) as cumulative_revenue
    from rounded
),

rated as (
    select
        dimension,
        member,
        cohort_month,
        month_number,
        calendar_month,
        cohort_size,
        retained_customers,
        {{ rounded_quotient('retained_customers * 1.0', 'cohort_size', 9, 6) }} as retention_rate,
        net_revenue,
        {{ rounded_quotient('case when is_complete then cumulative_revenue end', 'cohort_size', 18, 2) }}
            as cumulative_revenue_per_customer,
        cast(gross_margin as numeric(18, 2)) as gross_margin,
        {{ rounded_quotient('costed_revenue', 'nullif(net_revenue, 0)', 18, 6) }} as costed_revenue_share,
        is_complete,
        is_left_censored
    from cumulated
)

select * from rated
