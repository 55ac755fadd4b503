with transactions as (
    select * from {{ ref('int_source_transactions') }}
    where exclusion_reason is null
),

counted as (
    select
        currency,
        count(*) as line_count
    from transactions
    where
        currency is not null
        and {{ is_accepted(local_date('transacted_at')) }}
    group by currency
),

ranked as (
    select
        currency,
        row_number() over (order by line_count desc, currency asc) as place
    from counted
),

chosen as (
    select
        coalesce({{ pinned_currency() }}, max(currency), '(unknown)') as currency,
        count(*) > 0 as is_named
    from ranked
    where place = 1
)

select * from chosen
