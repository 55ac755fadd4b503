{%- set since_first = dbt.datediff('purchases.first_order_date', 'days.as_of_date', 'day') -%}
{%- set since_last = dbt.datediff('purchases.order_date', 'days.as_of_date', 'day') -%}
{%- set customer = 'partition by days.as_of_date, purchases.customer_number' -%}
{#- Whoever bought long ago has no weight left, so no share. -#}
{%- set weights = 'nullif(cast(sum(purchases.weight) over (' ~ customer ~ ') as ' ~ type_double() ~ '), 0)' -%}
{%- set share = 'coalesce(purchases.weight / ' ~ weights ~ ', 0)' -%}
-- All customers have lists as of today; the back-test looks at a sample of them.
with owned as (
    select
        days.as_of_date,
        purchases.customer_id,
        purchases.customer_number,
        purchases.product_id,
        purchases.order_count,
        purchases.weight,
        {{ since_last }} as days_since_last,
        cast(purchases.order_count * {{ since_last }} as {{ type_double() }})
        / ({{ since_first }} + {{ var('recommendation_recent_days') }}) as missed_orders,
        count(*) over ({{ customer }}) as product_count,
        row_number() over ({{ customer }} order by purchases.weight desc, purchases.product_id asc) as weight_rank,
        -- Multiplied and added up, roots of shares are the cosine of what two customers buy.
        cast(floor(0.5 + 10000 * sqrt({{ share }})) as integer) as share_root
    from ({{ recommendation_days() }}) as days
    inner join {{ ref('int_recommendation_purchases') }} as purchases
        on days.as_of_date >= purchases.order_date and days.as_of_date < purchases.next_order_date
    cross join {{ ref('int_as_of_date') }} as today
    where
        days.as_of_date = today.as_of_date
        or purchases.customer_number <= {{ var('recommendation_backtest_customers') }}
)

select * from owned
where
    weight_rank <= {{ var('recommendation_favourites') }}
    or days_since_last < {{ var('recommendation_neighbour_days') }}
