{%- set horizon_date = dbt.dateadd('day', var('recommendation_horizon_days'), 'buyers.as_of_date') -%}
{%- set own = 'partition by as_of_date, customer_number' -%}
-- What customers had bought by a cut day, and what they bought for the first time in the days after it.
with bought as (
    select
        buyers.as_of_date,
        purchases.*,
        products.buyers_rank,
        products.recent_rank,
        case when purchases.order_date <= buyers.as_of_date then 1 else 0 end as is_owned,
        purchases.order_date > buyers.as_of_date or purchases.next_order_date <= {{ horizon_date }} as is_target
    from {{ ref('int_recommendation_favourites') }} as buyers
    inner join {{ ref('int_as_of_date') }} as today on buyers.as_of_date < today.as_of_date
    inner join {{ ref('int_recommendation_purchases') }} as purchases
        on buyers.customer_number = purchases.customer_number and buyers.as_of_date < purchases.next_order_date
    inner join {{ ref('int_recommendation_products') }} as products
        on buyers.as_of_date = products.as_of_date and purchases.product_id = products.product_id
    where
        buyers.weight_rank = 1
        and purchases.order_date <= {{ horizon_date }}
        and (purchases.order_date <= buyers.as_of_date or purchases.order_count = 1)
),

-- Of new products, the place is the rank among all less the number of those owned that come before.
placed as (
    select
        as_of_date,
        customer_id,
        product_id,
        is_target,
        case is_owned when 1 then 'repeat' else 'new' end as list,
        row_number() over ({{ own }} order by is_owned desc, order_count desc, buyers_rank asc) as personal_frequency,
        abs((1 - is_owned) * buyers_rank - sum(is_owned) over ({{ own }} order by buyers_rank rows unbounded preceding))
            as global_popularity,
        abs((1 - is_owned) * recent_rank - sum(is_owned) over ({{ own }} order by recent_rank rows unbounded preceding))
            as popularity_last_30_days
    from bought
)

select * from placed
where is_target
