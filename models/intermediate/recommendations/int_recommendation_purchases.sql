{%- set days_ago = dbt.datediff('bought.order_date', 'today.as_of_date', 'day') -%}
{%- set half_life = 'cast(' ~ var('recommendation_half_life_days') ~ ' as ' ~ type_double() ~ ')' -%}
{%- set history = 'partition by bought.customer_id, bought.product_id order by bought.order_date, bought.order_id' -%}
-- The hash draws samples that say nothing of the customers and are the same in every build.
with customers as (
    select
        customer_id,
        cast(row_number() over (order by {{ dbt.hash('customer_id') }}, customer_id) as integer) as customer_number
    from {{ ref('int_order_products') }}
    where is_kept and customer_id <> '(unknown)' and product_id <> '(unknown)'
    group by customer_id
),

-- Weights are whole numbers, so that sums are the same in whatever order an engine adds; below 2^-999 powers underflow.
counted as (
    select
        bought.customer_id,
        customers.customer_number,
        bought.product_id,
        bought.order_date,
        lead(bought.order_date, 1, cast('9999-12-31' as date)) over ({{ history }}) as next_order_date,
        min(bought.order_date) over ({{ history }} rows unbounded preceding) as first_order_date,
        cast(row_number() over ({{ history }}) as integer) as order_count,
        sum(cast(floor(0.5 + 1e6 * power(0.5, least({{ days_ago }} / {{ half_life }}, 999))) as integer))
            over ({{ history }} rows unbounded preceding) as weight
    from {{ ref('int_order_products') }} as bought
    inner join customers on bought.customer_id = customers.customer_id
    cross join {{ ref('int_as_of_date') }} as today
    where bought.is_kept and bought.product_id <> '(unknown)'
)

select * from counted
