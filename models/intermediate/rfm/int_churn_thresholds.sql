{%- set is_auto = var('churn_thresholds') == 'auto' -%}

with cutoffs as (
    select * from {{ ref('int_cutoffs') }}
),

customer_cutoffs as (
    select * from {{ ref('int_customer_cutoffs') }}
),

-- Month ends whose horizon has fully elapsed.
observed as (
    select
        customer_cutoffs.days_since_last_purchase,
        count(*) as customers,
        sum(case when customer_cutoffs.days_to_return <= {{ var('churn_horizon_days') }} then 1 else 0 end) as returned
    from customer_cutoffs
    inner join cutoffs on customer_cutoffs.cutoff_date = cutoffs.cutoff_date
    where
        cutoffs.is_month_end
        and cutoffs.days_elapsed >= {{ var('churn_horizon_days') }}
    group by customer_cutoffs.days_since_last_purchase
),

-- Customers who are later than after_days.
later as (
    select
        coalesce(lag(days_since_last_purchase) over (order by days_since_last_purchase), 0) as after_days,
        sum(customers) over (order by days_since_last_purchase desc rows unbounded preceding) as customers,
        sum(returned) over (order by days_since_last_purchase desc rows unbounded preceding) as returned
    from observed
),

measured as (
    select
        min(case when returned < {{ var('churn_medium_return_rate') }} * customers then after_days end)
            as medium_after_days,
        min(case when returned < {{ var('churn_high_return_rate') }} * customers then after_days end) as high_after_days
    from later
    where customers >= {{ var('rfm_min_buyers') }}
),

chosen as (
    select
        {{ var('churn_medium_after_days') }} as fixed_medium_after_days,
        {{ var('churn_high_after_days') }} as fixed_high_after_days,
        medium_after_days as measured_medium_after_days,
        high_after_days as measured_high_after_days,
        {% if is_auto %}
            coalesce(medium_after_days, {{ var('churn_medium_after_days') }}) as medium_after_days,
            coalesce(high_after_days, {{ var('churn_high_after_days') }}) as high_after_days
        {% else %}
            {{ var('churn_medium_after_days') }} as medium_after_days,
            {{ var('churn_high_after_days') }} as high_after_days
        {% endif %}
    from measured
),

ordered as (
    select
        fixed_medium_after_days,
        fixed_high_after_days,
        measured_medium_after_days,
        measured_high_after_days,
        least(medium_after_days, high_after_days) as medium_after_days,
        high_after_days
    from chosen
)

select * from ordered
