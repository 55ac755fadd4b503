with transactions as (
    select * from {{ ref('stg_shop__transactions') }}
),

latest as (
    select max(transacted_at) as latest_transacted_at
    from transactions
),

resolved as (
    select coalesce({{ pinned_as_of_date() }}, {{ local_date('latest_transacted_at') }}) as as_of_date
    from latest
)

select * from resolved
