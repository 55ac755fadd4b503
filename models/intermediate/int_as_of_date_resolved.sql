with order_days as (
    select * from {{ ref('int_order_days_summed') }}
),

resolved as (
    select coalesce({{ pinned_as_of_date() }}, max(transaction_date)) as as_of_date
    from order_days
)

select * from resolved
