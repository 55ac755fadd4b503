-- The lists know purchases by order; the sums of customers and products know them by line.
select
    recommendations.customer_id,
    recommendations.list,
    recommendations.product_id
from {{ ref('recommendations') }} as recommendations
inner join {{ ref('int_products_numbered') }} as numbered on recommendations.product_id = numbered.product_id
left join {{ ref('int_order_products_listed') }} as bought
    on
        recommendations.customer_id = bought.customer_id
        and numbered.product_number = bought.product_number
group by recommendations.customer_id, recommendations.list, recommendations.product_id
having (recommendations.list = 'repeat') <> (count(bought.order_id) > 0)
