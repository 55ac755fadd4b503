with relationships as (
    select * from {{ ref('int_relationships') }}
),

ranked as (
    select
        *,
        row_number() over (
            partition by customer_id, product_id
            order by is_active desc, start_date desc nulls last, end_date desc nulls first, relationship_id desc
        ) as place
    from relationships
),

summed as (
    select
        customer_id,
        product_id,
        max(case when place = 1 then relationship_type end) as relationship_type,
        min(start_date) as start_date,
        -- If one relationship has no end, neither does the whole.
        case when count(*) = count(end_date) then max(end_date) end as end_date,
        max(case when is_active then 1 else 0 end) = 1 as is_active,
        sum(value) as value,
        sum(case when is_active then value end) as active_value,
        count(*) as relationship_count,
        sum(case when is_active then 1 else 0 end) as active_relationship_count,
        sum(case when has_valid_dates then 0 else 1 end) as invalid_relationship_count
    from ranked
    group by customer_id, product_id
),

rounded as (
    select
        customer_id,
        product_id,
        relationship_type,
        start_date,
        end_date,
        is_active,
        cast(
            case when value is not null then {{ rounded_parts('value', 'customer_id, product_id') }} end
            as numeric(18, 2)
        ) as value,
        cast(active_value as numeric(18, 2)) as active_value,
        relationship_count,
        active_relationship_count,
        invalid_relationship_count
    from summed
)

select * from rounded
