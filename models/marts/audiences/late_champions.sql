{{ config(meta={'hold_out_share': 0.1, 'valid_days': 30}) }}

with profiles as (
    select * from {{ ref('customer_profiles') }}
),

-- days_until_late: the first day on which more than so many of the customer's own gaps will have passed.
champions as (
    select
        customer_id,
        last_purchase_date,
        days_since_last_purchase,
        cast(floor({{ var('audience_late_gaps') }} * 1.0 * recency_days / frequency) as integer) + 1 as days_until_late,
        {{ rounded_quotient('recency_days * 1.0', 'frequency', 9, 1) }} as mean_gap_days
    from profiles
    where frequency > 0 and frequency_score >= 4 and monetary_score >= 4
),

late as (
    select
        customer_id,
        cast({{ dbt.dateadd('day', 'days_until_late', 'last_purchase_date') }} as date) as entered_on,
        'Used to buy every ' || cast(mean_gap_days as {{ dbt.type_string() }})
        || ' days, and has not for ' || cast(days_since_last_purchase as {{ dbt.type_string() }}) || '.' as reason
    from champions
    where days_since_last_purchase >= days_until_late
)

select * from late
