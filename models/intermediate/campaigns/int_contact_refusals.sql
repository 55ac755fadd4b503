{{ config(materialized='view') }}

with customers as (
    select * from {{ ref('int_customers') }}
),

customer_emails as (
    select * from {{ ref('int_customer_emails') }}
),

described as (
    select * from {{ ref('stg_shop__customers') }}
),

suppressions as (
    select * from {{ ref('stg_shop__suppressions') }}
),

-- A person refuses by an identifier, by an e-mail address, or by both.
refused as (
    select
        customer_id,
        email,
        'consent refused' as refusal
    from described
    where not consent
    union all
    select
        customer_id,
        email,
        'suppressed' as refusal
    from suppressions
),

named as (
    select
        customer_id as identifier,
        refusal
    from refused
    where customer_id is not null
    union all
    select
        {{ customer_id_from_email('email') }} as identifier,
        refusal
    from refused
    where email is not null
),

known as (
    select
        customer_id as identifier,
        customer_id
    from customers
    union
    select
        {{ customer_id_from_email('email') }} as identifier,
        customer_id
    from customers
    where trim(email) <> ''
    union
    select
        email_customer_id as identifier,
        customer_id
    from customer_emails
),

matched as (
    select
        known.customer_id,
        min(named.refusal) as refusal
    from known
    inner join named on known.identifier = named.identifier
    group by known.customer_id
)

select * from matched
