-- Nobody is offered what they own, and what was owned before is said to have been.
select
    opportunities.customer_id,
    opportunities.product_id
from {{ ref('cross_sell_opportunities') }} as opportunities
left join {{ ref('product_portfolio') }} as portfolio
    on
        opportunities.customer_id = portfolio.customer_id
        and opportunities.product_id = portfolio.product_id
where
    coalesce(portfolio.is_active, false)
    or opportunities.was_owned is distinct from (portfolio.product_id is not null)
