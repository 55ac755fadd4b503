-- A name that says a customer is leaving goes with a churn tier that says so, and a new customer bought once.
select
    customer_id,
    rfm_segment,
    churn_risk,
    purchase_count
from {{ ref('customer_profiles') }}
where
    rfm_segment is not null
    and (
        (rfm_segment in ('at risk', 'cannot lose them', 'about to sleep', 'hibernating', 'lost'))
        <> (churn_risk in ('medium', 'high'))
        or (rfm_segment in ('new customers', 'promising') and purchase_count <> 1)
        or churn_risk = 'prospect'
    )
