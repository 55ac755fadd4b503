-- Goods are what the seed does not exclude, what has a name or a category, and what brought revenue.
select
    recommendations.customer_id,
    recommendations.product_id,
    recommendations.product_name
from {{ ref('recommendations') }} as recommendations
inner join {{ ref('product_kpis') }} as products on recommendations.product_id = products.product_id
inner join {{ ref('int_products') }} as sold on recommendations.product_id = sold.product_id
left join {{ ref('recommendation_exclusions') }} as exclusions
    on
        (exclusions.field = 'category' and lower(products.category) like exclusions.pattern)
        or (exclusions.field = 'product' and lower(recommendations.product_name) like exclusions.pattern)
where
    exclusions.pattern is not null
    or sold.net_revenue <= 0
    or (products.product_name is null and products.product_type is null and products.category = '(unknown)')
