{%- set days_ago = dbt.datediff('purchases.order_date', 'days.as_of_date', 'day') -%}
{%- set half_life = 'cast(' ~ var('recommendation_trend_days') ~ ' as ' ~ type_double() ~ ')' -%}
{%- set half_lives = 'least(' ~ days_ago ~ ' / ' ~ half_life ~ ', 999)' -%}
{%- set is_recent = days_ago ~ ' < ' ~ var('recommendation_recent_days') -%}
{%- set popularity = 'counted.recent_buyers desc, counted.product_id asc' -%}
{%- set place = 'row_number() over (partition by as_of_date, name_rank order by recent_rank asc)' -%}
-- Never recommended: what brought no revenue, has neither name nor category, or matches a pattern of the seed.
with named as (
    select
        sold.product_id,
        sold.category,
        described.product_type,
        sold.category || coalesce(': ' || described.product_type, '') as class,
        coalesce(described.display_name, sold.category || ' ' || sold.product_id) as product_name
    from {{ ref('int_products') }} as sold
    left join {{ ref('int_source_products') }} as described on sold.product_id = described.product_id
    left join {{ ref('recommendation_exclusions') }} as exclusions
        on
            (exclusions.field = 'product' and lower(described.display_name) like exclusions.pattern)
            or (exclusions.field = 'category' and lower(sold.category) like exclusions.pattern)
    where
        sold.net_revenue > 0
        and (described.display_name is not null or sold.category <> '(unknown)')
        and exclusions.pattern is null
),

first_orders as (
    select min(first_order_date) as first_order_date from {{ ref('int_recommendation_purchases') }}
    group by customer_number
),

customers as (
    select
        days.as_of_date,
        count(*) as customers
    from ({{ recommendation_days() }}) as days
    inner join first_orders on days.as_of_date >= first_orders.first_order_date
    group by days.as_of_date
),

counted as (
    select
        days.as_of_date,
        purchases.product_id,
        count(case when purchases.order_count = 1 then 1 end) as buyers,
        count(case when {{ is_recent }} and purchases.next_order_date > days.as_of_date then 1 end) as recent_buyers,
        count(case when {{ is_recent }} and purchases.order_count > 1 then 1 end) as recent_repeats,
        sum(case when purchases.order_count = 1 then power(0.5, {{ half_lives }}) else 0 end) as firsts
    from ({{ recommendation_days() }}) as days
    inner join {{ ref('int_recommendation_purchases') }} as purchases on days.as_of_date >= purchases.order_date
    group by days.as_of_date, purchases.product_id
),

-- Half an event is added to each count, so that what is rare scores low and not 0.
rated as (
    select
        counted.as_of_date,
        named.*,
        counted.buyers,
        counted.recent_buyers,
        counted.buyers / cast(customers.customers as {{ type_double() }}) as buyer_share,
        (counted.recent_repeats + 0.5) / cast(counted.buyers + 5 as {{ type_double() }}) as repeat_rate,
        (counted.firsts + 0.2 * counted.recent_buyers + 0.5) / (customers.customers - counted.buyers + 1) as new_rate,
        sum(counted.buyers) over (partition by counted.as_of_date, named.class)
        / cast(sum(counted.buyers) over (partition by counted.as_of_date) as {{ type_double() }}) as class_share,
        row_number() over (partition by counted.as_of_date order by {{ popularity }}) as recent_rank,
        row_number() over (partition by counted.as_of_date, named.product_name order by {{ popularity }}) as name_rank
    from counted
    inner join named on counted.product_id = named.product_id
    inner join customers on counted.as_of_date = customers.as_of_date
),

-- Of products that a reader can't tell apart, one may be offered as new: the one with most recent buyers.
ranked as (
    select
        *,
        row_number() over (partition by as_of_date order by buyers desc, product_id asc) as buyers_rank,
        case when name_rank = 1 and {{ place }} <= {{ var('recommendation_offers') }} then {{ place }} end as offer_rank
    from rated
)

select * from ranked
