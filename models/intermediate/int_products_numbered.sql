with transactions as (
    select * from {{ ref('int_transactions_enriched') }}
),

sold as (
    select distinct product_id
    from transactions
    where product_id <> '(unknown)'
),

numbered as (
    select
        product_id,
        cast(row_number() over (order by product_id) as integer) as product_number
    from sold
)

select * from numbered
