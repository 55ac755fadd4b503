with customers as (
    select *
    from {{ ref('int_recommendation_customers_listed') }}
    where segment <> '(none)'
),

cutoffs as (
    select * from {{ ref('int_recommendation_cutoffs_listed') }}
),

histories as (
    select * from {{ ref('int_recommendation_histories_summed') }}
),

products as (
    select *
    from {{ ref('int_recommendation_products_measured') }}
    where recent_rank <= {{ var('recommendation_new_products') }}
),

top_categories as (
    select *
    from {{ ref('int_recommendation_segment_categories_ranked') }}
    where category_rank <= {{ var('recommendation_segment_categories') }}
),

segments as (
    select
        purpose,
        segment,
        count(*) as customers
    from customers
    group by purpose, segment
),

summed as (
    select
        customers.purpose,
        customers.segment,
        products.category,
        products.product_number,
        products.product_id,
        count(*) as buyers,
        sum(
            {{ recency_weight(
                'histories.first_order_date', 'cutoffs.cutoff_date', var('recommendation_popularity_half_life_days')
            ) }}
        ) as first_weight
    from histories
    inner join cutoffs on histories.purpose = cutoffs.purpose
    inner join products
        on
            histories.purpose = products.purpose
            and histories.product_number = products.product_number
    inner join customers
        on
            histories.purpose = customers.purpose
            and histories.customer_id = customers.customer_id
    group by customers.purpose, customers.segment, products.category, products.product_number, products.product_id
),

rated as (
    select
        summed.*,
        {{ quotient('summed.first_weight', '1048576.0') }} / nullif(segments.customers - summed.buyers, 0)
            as first_purchase_rate
    from summed
    inner join segments
        on
            summed.purpose = segments.purpose
            and summed.segment = segments.segment
    inner join top_categories
        on
            summed.purpose = top_categories.purpose
            and summed.segment = top_categories.segment
            and summed.category = top_categories.category
),

ranked as (
    select
        purpose,
        segment,
        product_number,
        first_purchase_rate,
        row_number() over (partition by purpose, segment, category order by first_purchase_rate desc, product_id asc)
            as rank_in_category
    from rated
    where first_purchase_rate > 0
)

select * from ranked
