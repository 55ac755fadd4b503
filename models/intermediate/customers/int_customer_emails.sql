with customers as (
    select * from {{ ref('int_source_customers') }}
),

owners as (
    {{ match_customer_emails('customers') }}
),

addressed as (
    select
        source_rank,
        customer_id,
        registered_at,
        {{ customer_id_from_email('email') }} as email_customer_id
    from customers
    where trim(email) <> ''
),

-- Two customers of one source stay two: one of each source at most is the owner under another name.
numbered as (
    select
        customer_id,
        email_customer_id,
        row_number() over (
            partition by source_rank, email_customer_id
            order by
                case when customer_id = email_customer_id then 1 else 0 end,
                registered_at nulls last,
                customer_id
        ) as source_email_rank
    from addressed
),

other_sources as (
    select
        numbered.customer_id as email_customer_id,
        owners.customer_id
    from numbered
    inner join owners on numbered.email_customer_id = owners.email_customer_id
    where
        numbered.source_email_rank = 1
        and numbered.customer_id <> owners.customer_id
        and numbered.customer_id <> numbered.email_customer_id
),

matched as (
    select * from owners
    union all
    select * from other_sources
)

select * from matched
