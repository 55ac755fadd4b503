with histories as (
    select * from {{ ref('int_recommendation_histories_summed') }}
),

cutoffs as (
    select * from {{ ref('int_recommendation_cutoffs_listed') }}
),

products as (
    select
        numbered.product_number,
        numbered.product_id,
        sold.category
    from {{ ref('int_products_numbered') }} as numbered
    inner join {{ ref('int_products_summed') }} as sold on numbered.product_id = sold.product_id
),

aged as (
    select
        histories.*,
        histories.last_order_date > histories.first_order_date as is_repeated,
        {{
            dbt.datediff('histories.first_order_date', 'cutoffs.cutoff_date', 'day')
        }} < 30 as is_first_of_late,
        {{
            dbt.datediff('histories.last_order_date', 'cutoffs.cutoff_date', 'day')
        }} < 30 as is_last_of_late,
        {{ recency_weight(
            'histories.first_order_date', 'cutoffs.cutoff_date', var('recommendation_popularity_half_life_days')
        ) }} as first_weight,
        {{ recency_weight(
            'histories.last_order_date', 'cutoffs.cutoff_date', var('recommendation_popularity_half_life_days')
        ) }} as last_weight
    from histories
    inner join cutoffs on histories.purpose = cutoffs.purpose
),

purpose_customers as (
    select distinct
        purpose,
        customer_id
    from {{ ref('int_recommendation_histories_summed') }}
),

buyers as (
    select
        purpose,
        count(*) as buyers
    from purpose_customers
    group by purpose
),

summed as (
    select
        purpose,
        product_number,
        sum(order_count) as order_count,
        count(*) as customers,
        sum(case when is_last_of_late then 1 else 0 end) as customers_last_30_days,
        sum(case when is_first_of_late then 1 else 0 end) as new_customers_last_30_days,
        sum(case when is_last_of_late and is_repeated then 1 else 0 end) as repeat_customers_last_30_days,
        sum(first_weight) as first_weight,
        sum(case when is_repeated then last_weight else 0 end) as repeat_weight
    from aged
    group by purpose, product_number
),

-- Of those who could, how many did of late: buy it for the first time, or buy it again.
measured as (
    select
        summed.purpose,
        summed.product_number,
        products.product_id,
        products.category,
        summed.order_count,
        summed.customers,
        summed.customers_last_30_days,
        summed.new_customers_last_30_days,
        summed.repeat_customers_last_30_days,
        coalesce(
            {{ quotient('summed.first_weight', '1048576.0') }} / nullif(buyers.buyers - summed.customers, 0), 0
        ) as first_purchase_rate,
        {{ quotient('summed.repeat_weight', '1048576.0') }}
        / (summed.customers + {{ var('recommendation_prior_buyers') }}) as repeat_purchase_rate,
        row_number() over (
            partition by summed.purpose order by summed.customers_last_30_days desc, products.product_id asc
        ) as recent_rank,
        row_number() over (
            partition by summed.purpose order by summed.customers desc, products.product_id asc
        ) as global_rank
    from summed
    inner join products on summed.product_number = products.product_number
    inner join buyers on summed.purpose = buyers.purpose
)

select * from measured
