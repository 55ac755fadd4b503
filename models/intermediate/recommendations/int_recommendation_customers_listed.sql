with customers as (
    select *
    from {{ ref('int_customers_identified') }}
    where customer_id <> '(unknown)'
),

cutoffs as (
    select * from {{ ref('int_recommendation_cutoffs_listed') }}
),

orders as (
    select * from {{ ref('int_customer_orders_summed') }}
),

customer_days as (
    select * from {{ ref('int_customer_days_summed') }}
),

targets as (
    select distinct customer_id
    from {{ ref('int_recommendation_targets_listed') }}
),

rules as (
    select * from {{ ref('rfm_segments') }}
),

purchases as (
    select
        cutoffs.purpose,
        orders.customer_id,
        count(*) as purchase_count
    from orders
    inner join cutoffs on orders.order_date <= cutoffs.cutoff_date
    where orders.is_purchase and orders.customer_id <> '(unknown)'
    group by cutoffs.purpose, orders.customer_id
),

spends as (
    select
        cutoffs.purpose,
        customer_days.customer_id,
        max(case when customer_days.is_purchase_day then customer_days.transaction_date end) as last_purchase_date,
        sum(customer_days.net_revenue) as total_spend
    from customer_days
    inner join cutoffs on customer_days.transaction_date <= cutoffs.cutoff_date
    group by cutoffs.purpose, customer_days.customer_id
),

-- As in customer_rfm, but as of each cut-off day; there nothing is known of what comes after it.
scored as (
    select
        purchases.purpose,
        purchases.customer_id,
        {{ quintile_score('spends.last_purchase_date', within='purchases.purpose') }} as recency_score,
        {{ quintile_score('purchases.purchase_count', within='purchases.purpose') }} as frequency_score,
        {{ quintile_score('spends.total_spend', within='purchases.purpose') }} as monetary_score
    from purchases
    inner join spends
        on
            purchases.purpose = spends.purpose
            and purchases.customer_id = spends.customer_id
),

listed as (
    select
        cutoffs.purpose,
        customers.customer_id,
        cutoffs.purpose = 'shipped' or targets.customer_id is not null as is_listed,
        case
            when customers.customer_segment <> '(unknown)' then customers.customer_segment
            else coalesce(rules.segment, '(none)')
        end as segment
    from customers
    cross join cutoffs
    left join targets on customers.customer_id = targets.customer_id
    left join scored
        on
            cutoffs.purpose = scored.purpose
            and customers.customer_id = scored.customer_id
    left join rules
        on
            scored.recency_score between rules.r_min and rules.r_max
            and scored.frequency_score between rules.f_min and rules.f_max
            and scored.monetary_score between rules.m_min and rules.m_max
)

select * from listed
