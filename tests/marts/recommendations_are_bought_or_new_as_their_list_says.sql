-- The lists know purchases by order; here they are counted from the orders themselves.
select
    recommendations.customer_id,
    recommendations.list,
    recommendations.product_id
from {{ ref('recommendations') }} as recommendations
left join {{ ref('int_order_products') }} as bought
    on
        recommendations.customer_id = bought.customer_id
        and recommendations.product_id = bought.product_id
        and bought.is_kept
group by recommendations.customer_id, recommendations.list, recommendations.product_id
having (recommendations.list = 'repeat') <> (count(bought.order_id) > 0)
