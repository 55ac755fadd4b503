{%- set ago = "case reason_scope when 0 then 'today' when 1 then 'yesterday' else reason_scope || ' days ago' end" -%}
with reasoned as (
    select
        lists.as_of_date,
        lists.customer_id,
        lists.list,
        cast(lists.rank as integer) as rank,
        lists.product_id,
        products.product_name
        || case count(*) over (partition by lists.customer_id, lists.list, products.product_name)
            when 1 then '' else ' (' || lists.product_id || ')'
        end as product_name,
        products.product_type,
        products.category,
        case
            when lists.list = 'repeat' then 'personal'
            when lists.reason_count > 1 then 'similar_customers'
            else 'popularity'
        end as method,
        cast(lists.score as numeric(12, 6)) as score,
        case
            when lists.list = 'repeat'
                then
                    'bought ' || case lists.reason_count when 1 then 'once' else lists.reason_count || ' times' end
                    || ', last ' || {{ ago }}
            when lists.reason_count > 1
                then
                    lists.reason_count || ' of the ' || lists.reason_scope || ' customers most like this one bought it'
                    || ' in the last {{ var("recommendation_neighbour_days") }} days'
            else
                products.recent_buyers || case products.recent_buyers when 1 then ' customer' else ' customers' end
                || ' bought it in the last {{ var("recommendation_recent_days") }} days'
        end as reason
    from {{ ref('int_recommendation_lists') }} as lists
    inner join {{ ref('int_as_of_date') }} as today on lists.as_of_date = today.as_of_date
    inner join {{ ref('int_recommendation_products') }} as products
        on lists.as_of_date = products.as_of_date and lists.product_id = products.product_id
    where not ({{ is_held_out('recommendations', 'lists.customer_id', var('recommendation_hold_out_share')) }})
)

select * from reasoned
