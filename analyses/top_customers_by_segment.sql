-- The ten best customers of every RFM segment by spend, or more if several tie for the tenth place. Run it with
-- `dbt show --limit 200 --select top_customers_by_segment`.
with profiles as (
    select * from {{ ref('customer_profiles') }}
),

ranked as (
    select
        rfm_segment,
        rank() over (partition by rfm_segment order by total_spend desc) as spend_rank,
        customer_id,
        customer_name,
        total_spend,
        purchase_count,
        last_purchase_date,
        churn_risk,
        favourite_category
    from profiles
    where rfm_segment is not null
),

best as (
    select *
    from ranked
    where spend_rank <= 10
)

select * from best
order by rfm_segment, spend_rank, customer_id
