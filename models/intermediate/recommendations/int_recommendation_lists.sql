{%- set exponents = var('recommendation_weights') -%}
{%- set score = 'cast(score as numeric(12, 6))' -%}
-- How many different products of the classes on offer a customer has bought.
with classes as (
    select
        products.as_of_date,
        purchases.customer_number,
        products.class,
        count(*) as products
    from {{ ref('int_recommendation_purchases') }} as purchases
    inner join {{ ref('int_recommendation_products') }} as products
        on purchases.product_id = products.product_id and purchases.order_date <= products.as_of_date
    where
        purchases.order_count = 1
        and products.class in (
            select offers.class from {{ ref('int_recommendation_products') }} as offers
            where offers.offer_rank is not null
        )
    group by products.as_of_date, purchases.customer_number, products.class
),

scored as (
    -- What the customer buys much and others buy again; less with each order that the customer let go by.
    select
        favourites.as_of_date,
        favourites.customer_id,
        'repeat' as list,
        favourites.product_id,
        favourites.order_count as reason_count,
        favourites.days_since_last as reason_scope,
        favourites.weight / cast(1000000 as {{ type_double() }})
        * power(products.repeat_rate, {{ exponents.repeat.repeat_rate }})
        * exp(greatest(-{{ exponents.repeat.missed_orders }} * favourites.missed_orders, -99)) as score
    from {{ ref('int_recommendation_favourites') }} as favourites
    inner join {{ ref('int_recommendation_products') }} as products
        on favourites.as_of_date = products.as_of_date and favourites.product_id = products.product_id
    where favourites.weight_rank <= {{ var('recommendation_favourites') }}
    union all
    -- What neighbours bought, others begin to buy, and is of a class that the customer buys more of than others do.
    select
        products.as_of_date,
        customers.customer_id,
        'new' as list,
        products.product_id,
        coalesce(neighbours.buyers, 0) as reason_count,
        neighbours.neighbours as reason_scope,
        power(cast(coalesce(neighbours.buyers, 0) + 0.5 as {{ type_double() }}), {{ exponents.new.neighbours }})
        * power(products.new_rate, {{ exponents.new.new_rate }})
        * power(
            (coalesce(classes.products, 0) + 0.5) / (coalesce(buyers.product_count, 0) * products.class_share + 0.5),
            {{ exponents.new.class }}
        ) as score
    from {{ ref('int_customers') }} as customers
    cross join {{ ref('int_as_of_date') }} as today
    inner join {{ ref('int_recommendation_products') }} as products on products.offer_rank is not null
    left join {{ ref('int_recommendation_favourites') }} as buyers
        on
            customers.customer_id = buyers.customer_id
            and products.as_of_date = buyers.as_of_date
            and buyers.weight_rank = 1
    left join {{ ref('int_recommendation_purchases') }} as owned
        on
            buyers.customer_number = owned.customer_number
            and products.product_id = owned.product_id
            and owned.order_count = 1
            and products.as_of_date >= owned.order_date
    left join {{ ref('int_recommendation_neighbours') }} as neighbours
        on
            products.as_of_date = neighbours.as_of_date
            and buyers.customer_number = neighbours.customer_number
            and products.offer_rank = neighbours.offer_rank
    left join classes
        on
            products.as_of_date = classes.as_of_date
            and buyers.customer_number = classes.customer_number
            and products.class = classes.class
    -- In the back-test, only those who had bought something by the day have a list.
    where
        owned.product_id is null
        and customers.customer_id <> '(unknown)'
        and (buyers.customer_id is not null or products.as_of_date = today.as_of_date)
),

ranked as (
    select
        *,
        row_number() over (partition by as_of_date, customer_id, list order by {{ score }} desc, product_id asc) as rank
    from scored
)

select * from ranked
where rank <= {{ var('recommendation_list_length') }}
