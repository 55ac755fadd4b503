with relationships as (
    select * from {{ ref('stg_subscriptions__customer_products') }}
),

as_of_dates as (
    select * from {{ ref('int_as_of_date') }}
),

-- What starts after the as-of date is not known yet. Without any transaction the day is NULL, and everything counts.
known as (
    select
        relationships.*,
        as_of_dates.as_of_date
    from relationships
    cross join as_of_dates
    where coalesce(relationships.start_date <= as_of_dates.as_of_date, true)
),

dated as (
    select
        relationship_id,
        customer_id,
        product_id,
        relationship_type,
        value,
        start_date,
        end_date,
        coalesce(start_date <= end_date, true) as has_valid_dates,
        -- The last day belongs to the relationship.
        (
            coalesce(start_date <= end_date, true)
            and coalesce(end_date >= as_of_date, end_date is null)
        ) as is_active
    from known
)

select * from dated
