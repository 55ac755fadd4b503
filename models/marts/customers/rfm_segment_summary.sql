with customers as (
    select * from {{ ref('customer_rfm') }}
),

movements as (
    select * from {{ ref('rfm_segment_movements') }}
),

calibration as (
    select * from {{ ref('rfm_segment_calibration') }}
),

-- A segment without customers is shown with zeros.
segments as (
    select distinct segment as rfm_segment
    from {{ ref('rfm_segments') }}
    union
    select '(too few buyers)' as rfm_segment
    from customers
    where rfm_segment is null
),

counted as (
    select
        coalesce(rfm_segment, '(too few buyers)') as rfm_segment,
        count(*) as customers,
        sum(total_spend) as total_spend,
        percentile_cont(0.5) within group (order by days_since_last_purchase) as median_days
    from customers
    group by coalesce(rfm_segment, '(too few buyers)')
),

before as (
    select
        segment_before as rfm_segment,
        sum(customers) as customers,
        sum(case when segment_now <> segment_before then customers else 0 end) as left_customers
    from movements
    group by segment_before
),

arrived as (
    select
        segment_now as rfm_segment,
        sum(customers) as arrived_customers
    from movements
    where segment_now <> segment_before
    group by segment_now
),

rates as (
    select
        rfm_segment,
        {{ rounded_quotient('sum(returned_30d) * 1.0', 'nullif(sum(customers), 0)', 9, 6) }} as return_rate_30d,
        {{ rounded_quotient('sum(returned_90d) * 1.0', 'nullif(sum(customers), 0)', 9, 6) }} as return_rate_90d,
        sum(customers) as observations
    from calibration
    group by rfm_segment
),

summarized as (
    select
        segments.rfm_segment,
        coalesce(counted.customers, 0) as customers,
        {{ rounded_quotient(
            'coalesce(counted.customers, 0) * 1.0', 'nullif(sum(counted.customers) over (), 0)', 9, 6
        ) }} as customer_share,
        cast(coalesce(counted.total_spend, 0) as numeric(18, 2)) as revenue,
        {{ rounded_quotient(
            'coalesce(counted.total_spend, 0)', 'nullif(sum(counted.total_spend) over (), 0)', 18, 6
        ) }} as revenue_share,
        cast(counted.median_days as numeric(18, 1)) as median_days_since_last_purchase,
        cast(coalesce(before.customers, 0) as bigint) as customers_before,
        cast(coalesce(arrived.arrived_customers, 0) as bigint) as arrived_customers,
        cast(coalesce(before.left_customers, 0) as bigint) as left_customers,
        rates.return_rate_30d,
        rates.return_rate_90d,
        cast(coalesce(rates.observations, 0) as bigint) as observations
    from segments
    left join counted on segments.rfm_segment = counted.rfm_segment
    left join before on segments.rfm_segment = before.rfm_segment
    left join arrived on segments.rfm_segment = arrived.rfm_segment
    left join rates on segments.rfm_segment = rates.rfm_segment
)

select * from summarized
