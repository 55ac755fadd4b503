{%- set favourite_rank = var('recommendation_favourites') -%}
{%- set customer = 'partition by as_of_date, customer_number' -%}
-- Customers who share favourites; what everyone buys tells nobody apart.
with alike as (
    select
        favourites.as_of_date,
        favourites.customer_number,
        others.customer_number as neighbour_number,
        sum(favourites.share_root * others.share_root) as similarity
    from {{ ref('int_recommendation_favourites') }} as favourites
    inner join {{ ref('int_recommendation_favourites') }} as others
        on
            favourites.as_of_date = others.as_of_date
            and favourites.product_id = others.product_id
            and favourites.customer_number <> others.customer_number
            and others.customer_number <= {{ var('recommendation_reference_customers') }}
    inner join {{ ref('int_recommendation_products') }} as products
        on
            favourites.as_of_date = products.as_of_date
            and favourites.product_id = products.product_id
            and products.buyer_share <= {{ var('recommendation_max_buyer_share') }}
    where favourites.weight_rank <= {{ favourite_rank }} and others.weight_rank <= {{ favourite_rank }}
    group by favourites.as_of_date, favourites.customer_number, others.customer_number
    having count(*) >= {{ var('recommendation_min_shared_favourites') }}
),

neighbours as (
    select
        *,
        row_number() over ({{ customer }} order by similarity desc, neighbour_number asc) as neighbour_rank,
        count(*) over ({{ customer }}) as alike_customers
    from alike
),

counted as (
    select
        neighbours.as_of_date,
        neighbours.customer_number,
        products.offer_rank,
        count(*) as buyers,
        least(min(neighbours.alike_customers), {{ var('recommendation_neighbours') }}) as neighbours
    from neighbours
    inner join {{ ref('int_recommendation_favourites') }} as bought
        on neighbours.as_of_date = bought.as_of_date and neighbours.neighbour_number = bought.customer_number
    inner join {{ ref('int_recommendation_products') }} as products
        on bought.as_of_date = products.as_of_date and bought.product_id = products.product_id
    where
        neighbours.neighbour_rank <= {{ var('recommendation_neighbours') }}
        and bought.days_since_last < {{ var('recommendation_neighbour_days') }}
        and products.offer_rank is not null
    group by neighbours.as_of_date, neighbours.customer_number, products.offer_rank
)

select * from counted
