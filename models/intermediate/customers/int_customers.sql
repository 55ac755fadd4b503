with customers as (
    select * from {{ ref('int_source_customers') }}
),

customer_emails as (
    select * from {{ ref('int_customer_emails') }}
),

order_days as (
    select * from {{ ref('int_order_days') }}
),

buyers as (
    select
        customer_id,
        min(customer_email) as customer_email
    from order_days
    group by customer_id
),

-- A customer with a derived identifier is replaced by the customer whom a later file names with the same address.
registered as (
    select
        customers.*,
        {{ local_date('customers.registered_at') }} as registration_date
    from customers
    left join customer_emails on customers.customer_id = customer_emails.email_customer_id
    where customer_emails.customer_id is null or customer_emails.customer_id = customers.customer_id
),

identified as (
    select
        coalesce(registered.customer_id, buyers.customer_id) as customer_id,
        registered.customer_id is not null as is_registered,
        registered.customer_name,
        coalesce(registered.email, buyers.customer_email) as email,
        coalesce(registered.customer_segment, '(unknown)') as customer_segment,
        coalesce(registered.age_group, '(unknown)') as age_group,
        coalesce(registered.location, '(unknown)') as location,
        registered.status,
        registered.registered_at
    from registered
    full outer join buyers on registered.customer_id = buyers.customer_id
    -- On a pinned past day, customers who had neither bought nor registered by then are not known yet.
    where
        {{ pinned_as_of_date() }} is null
        or buyers.customer_id is not null
        or registered.registration_date is null
        or registered.registration_date <= {{ pinned_as_of_date() }}
)

select * from identified
