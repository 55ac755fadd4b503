{%- set customer = 'partition by days.as_of_date, purchases.customer_number' -%}

-- All customers have lists as of today; the back-test looks at a sample of them.
with owned as (
    select
        days.as_of_date,
        purchases.*,
        {{ dbt.datediff('purchases.first_order_date', 'days.as_of_date', 'day') }} as days_since_first,
        {{ dbt.datediff('purchases.order_date', 'days.as_of_date', 'day') }} as days_since_last,
        row_number() over ({{ customer }} order by purchases.weight desc, purchases.product_id asc) as weight_rank,
        sum(purchases.weight) over ({{ customer }}) as total_weight,
        count(*) over ({{ customer }}) as product_count
    from {{ ref('int_recommendation_purchases') }} as purchases
    inner join ({{ recommendation_days() }}) as days
        on purchases.order_date <= days.as_of_date and purchases.next_order_date > days.as_of_date
    cross join {{ ref('int_as_of_date') }} as today
    where
        days.as_of_date = today.as_of_date
        or purchases.customer_number <= {{ var('recommendation_backtest_customers') }}
),

-- Square roots of shares: multiplied and added up, they are the cosine of what two customers buy.
kept as (
    select
        *,
        weight_rank <= {{ var('recommendation_favourites') }} as is_favourite,
        days_since_last < {{ var('recommendation_neighbour_days') }} as is_recent,
        cast(floor(0.5 + 10000 * sqrt(weight / cast(total_weight as {{ type_double() }}))) as integer) as share_root
    from owned
)

select * from kept
where is_favourite or is_recent
