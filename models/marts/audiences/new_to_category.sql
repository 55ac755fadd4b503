{{ config(meta={'hold_out_share': 0.1, 'valid_days': 14}) }}

with profiles as (
    select * from {{ ref('customer_profiles') }}
),

customer_categories as (
    select * from {{ ref('int_customer_categories') }}
),

-- What the first order held is not new to the customer but to the shop.
tried as (
    select
        profiles.customer_id,
        customer_categories.category,
        customer_categories.first_sale_date,
        row_number() over (
            partition by profiles.customer_id
            order by customer_categories.first_sale_date desc, customer_categories.category asc
        ) as newest
    from profiles
    inner join customer_categories
        on
            profiles.customer_id = customer_categories.customer_id
            and profiles.first_purchase_date < customer_categories.first_sale_date
    where profiles.customer_id <> '(unknown)' and customer_categories.category <> '(unknown)'
),

latest as (
    select
        customer_id,
        first_sale_date as entered_on,
        'Bought from ' || category || ' for the first time on '
        || cast(first_sale_date as {{ dbt.type_string() }}) || '.' as reason
    from tried
    where newest = 1
)

select * from latest
