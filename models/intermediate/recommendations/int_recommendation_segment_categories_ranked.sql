with customers as (
    select *
    from {{ ref('int_recommendation_customers_listed') }}
    where segment <> '(none)'
),

histories as (
    select * from {{ ref('int_recommendation_histories_summed') }}
),

products as (
    select *
    from {{ ref('int_recommendation_products_measured') }}
    where category <> '(unknown)'
),

summed as (
    select
        customers.purpose,
        customers.segment,
        products.category,
        sum(histories.personal_weight) as personal_weight
    from histories
    inner join customers
        on
            histories.purpose = customers.purpose
            and histories.customer_id = customers.customer_id
    inner join products
        on
            histories.purpose = products.purpose
            and histories.product_number = products.product_number
    group by customers.purpose, customers.segment, products.category
),

ranked as (
    select
        purpose,
        segment,
        category,
        row_number() over (partition by purpose, segment order by personal_weight desc, category asc) as category_rank
    from summed
)

select * from ranked
