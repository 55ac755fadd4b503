with segments as (
    select
        segments.segment_number,
        avg(customers.total_spend) as mean_spend,
        row_number() over (order by avg(customers.total_spend) desc, segments.segment_number) as spend_rank
    from {{ ref('customer_segments') }} as segments
    inner join {{ ref('customer_metrics') }} as customers on segments.customer_id = customers.customer_id
    group by segments.segment_number
)

select *
from segments
where segment_number is distinct from spend_rank
