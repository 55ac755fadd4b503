-- Computed once more for each cut-off day; on the as-of date it must be the mart's.
select
    listed.customer_id,
    listed.segment,
    scored.rfm_segment
from {{ ref('int_recommendation_customers_listed') }} as listed
inner join {{ ref('int_customers_identified') }} as identified on listed.customer_id = identified.customer_id
left join {{ ref('customer_rfm') }} as scored on listed.customer_id = scored.customer_id
where
    listed.purpose = 'shipped'
    and identified.customer_segment = '(unknown)'
    and listed.segment <> coalesce(scored.rfm_segment, '(none)')
