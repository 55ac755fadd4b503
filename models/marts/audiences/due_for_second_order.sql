{{ config(meta={'hold_out_share': 0.1, 'valid_days': 30}) }}

with profiles as (
    select * from {{ ref('customer_profiles') }}
),

cohort_members as (
    select * from {{ ref('int_cohort_members') }}
),

-- By then, half of those who bought a second time had done so.
typical as (
    select
        cast(floor(percentile_cont(0.5) within group (
            order by {{ dbt.datediff('first_purchase_date', 'second_purchase_date', 'day') }}
        )) as integer) as days_to_second
    from cohort_members
    where second_purchase_date is not null
),

due as (
    select
        profiles.customer_id,
        cast({{ dbt.dateadd('day', 'typical.days_to_second', 'profiles.first_purchase_date') }} as date) as entered_on,
        'Bought once, ' || cast(profiles.days_since_last_purchase as {{ dbt.type_string() }})
        || ' days ago; half of those who bought again did so within '
        || cast(typical.days_to_second as {{ dbt.type_string() }}) || '.' as reason
    from profiles
    inner join typical on profiles.days_since_last_purchase >= typical.days_to_second
    where profiles.purchase_count = 1
)

select * from due
