-- No started relationship is lost, and no value.
with portfolio as (
    select
        coalesce(sum(relationship_count), 0) as relationships,
        coalesce(sum(value), 0) as total_value
    from {{ ref('product_portfolio') }}
),

source as (
    select
        count(*) as relationships,
        cast(coalesce(sum(relationships.value), 0) as numeric(18, 2)) as total_value
    from {{ ref('stg_subscriptions__customer_products') }} as relationships
    cross join {{ ref('int_as_of_date') }} as as_of_dates
    where coalesce(relationships.start_date <= as_of_dates.as_of_date, true)
)

select
    portfolio.relationships,
    portfolio.total_value,
    source.relationships as source_relationships,
    source.total_value as source_total_value
from portfolio
cross join source
where
    portfolio.relationships is distinct from source.relationships
    or portfolio.total_value is distinct from source.total_value
