with customer_categories as (
    select * from {{ ref('int_customer_categories') }}
),

-- A known category beats the unknown one, whatever was spent on the latter.
ranked as (
    select
        customer_id,
        category as favourite_category,
        row_number() over (
            partition by customer_id
            order by
                case when category = '(unknown)' then 1 else 0 end asc,
                net_revenue desc,
                transaction_count desc,
                category asc
        ) as category_rank
    from customer_categories
    where customer_id <> '(unknown)'
),

picked as (
    select
        customer_id,
        favourite_category
    from ranked
    where category_rank = 1
)

select * from picked
