with purchase_days as (
    select * from {{ ref('int_purchase_days') }}
),

days as (
    select * from {{ ref('int_value_days') }}
),

first_days as (
    select
        customer_id,
        min(purchase_date) as first_date
    from purchase_days
    group by customer_id
),

summed as (
    select
        days.summary_date,
        purchase_days.customer_id,
        first_days.first_date,
        max(purchase_days.purchase_date) as last_date,
        count(*) - 1 as frequency,
        sum(case when purchase_days.purchase_date > first_days.first_date then purchase_days.net_revenue end)
            as repeat_revenue,
        sum(purchase_days.net_revenue) as revenue
    from purchase_days
    inner join first_days on purchase_days.customer_id = first_days.customer_id
    inner join days on purchase_days.purchase_date <= days.summary_date
    group by days.summary_date, purchase_days.customer_id, first_days.first_date
),

summaries as (
    select
        summary_date,
        customer_id,
        frequency,
        {{ dbt.datediff('first_date', 'last_date', 'day') }}
            as recency_days,
        {{ dbt.datediff('first_date', 'summary_date', 'day') }}
            as tenure_days,
        case
            when frequency > 0 then cast(repeat_revenue as {{ type_double() }}) / frequency
            else 0
        end as monetary_value,
        cast(revenue as {{ type_double() }}) as revenue
    from summed
)

select * from summaries
