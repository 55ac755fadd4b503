{{ config(meta={'hold_out_share': 0.1, 'valid_days': 60}) }}

with profiles as (
    select * from {{ ref('customer_profiles') }}
),

classes as (
    select * from {{ ref('abc_classes') }}
),

thresholds as (
    select * from {{ ref('churn_thresholds') }}
),

at_risk as (
    select
        profiles.customer_id,
        cast({{ dbt.dateadd('day', 'thresholds.after_days + 1', 'profiles.last_purchase_date') }} as date)
            as entered_on,
        'One of the customers who bring in most of the revenue, and has not bought for '
        || cast(profiles.days_since_last_purchase as {{ dbt.type_string() }}) || ' days.' as reason
    from profiles
    inner join classes
        on
            profiles.customer_id = classes.member
            and classes.dimension = 'customer'
            and classes.abc_class = 'A'
    inner join thresholds
        on
            thresholds.churn_risk = 'medium'
            and profiles.days_since_last_purchase > thresholds.after_days
)

select * from at_risk
