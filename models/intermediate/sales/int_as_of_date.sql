with order_lines as (
    select * from {{ ref('int_order_lines') }}
),

resolved as (
    select coalesce({{ pinned_as_of_date() }}, max(transaction_date)) as as_of_date
    from order_lines
)

select * from resolved
