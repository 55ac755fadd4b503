-- How much of the revenue comes from how few buyers, by tenths of the buyers. Run it with
-- `dbt show --limit 10 --select revenue_concentration`.
with customers as (
    select * from {{ ref('customer_metrics') }}
),

ranked as (
    select
        total_spend,
        ntile(10) over (order by total_spend desc, customer_id asc) as decile
    from customers
    where purchase_count > 0 and customer_id <> '(unknown)'
),

summed as (
    select
        decile,
        count(*) as buyers,
        min(total_spend) as lowest_spend,
        sum(total_spend) as total_spend
    from ranked
    group by decile
),

shared as (
    select
        decile,
        buyers,
        lowest_spend,
        total_spend,
        cast(total_spend / nullif(sum(total_spend) over (), 0) as numeric(9, 6)) as spend_share,
        cast(
            sum(total_spend) over (order by decile) / nullif(sum(total_spend) over (), 0) as numeric(9, 6)
        ) as cumulative_share
    from summed
)

select * from shared
order by decile
