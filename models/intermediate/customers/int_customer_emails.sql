with customers as (
    select * from {{ ref('stg_shop__customers') }}
),

matched as (
    {{ match_customer_emails('customers') }}
)

select * from matched
