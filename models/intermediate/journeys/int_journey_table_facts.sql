with users as (
    select * from {{ ref('stg_journey__users') }}
),

shops as (
    select * from {{ ref('stg_journey__shops') }}
),

invoices as (
    select * from {{ ref('stg_journey__invoices') }}
),

payments as (
    select * from {{ ref('stg_journey__payments') }}
),

-- A payment without a status counts as paid: files that list only paid ones have no such column.
stated_payments as (
    select
        payment_id,
        invoice_id,
        paid_at,
        coalesce(nullif(lower(trim(status)), ''), 'succeeded') as status
    from payments
),

listed as (
    select
        'users.created_at ' || user_id as fact_id,
        'users.created_at' as fact_type,
        created_at as fact_time,
        user_id,
        cast(null as {{ dbt.type_string() }}) as shop_id,
        cast(null as {{ dbt.type_string() }}) as plan_id,
        cast(null as {{ dbt.type_string() }}) as invoice_id
    from users
    union all
    select
        'users.deleted_at ' || user_id as fact_id,
        'users.deleted_at' as fact_type,
        deleted_at as fact_time,
        user_id,
        cast(null as {{ dbt.type_string() }}) as shop_id,
        cast(null as {{ dbt.type_string() }}) as plan_id,
        cast(null as {{ dbt.type_string() }}) as invoice_id
    from users
    union all
    select
        'shops.created_at ' || shop_id as fact_id,
        'shops.created_at' as fact_type,
        created_at as fact_time,
        user_id,
        shop_id,
        plan_id,
        cast(null as {{ dbt.type_string() }}) as invoice_id
    from shops
    union all
    select
        'shops.deleted_at ' || shop_id as fact_id,
        'shops.deleted_at' as fact_type,
        deleted_at as fact_time,
        user_id,
        shop_id,
        plan_id,
        cast(null as {{ dbt.type_string() }}) as invoice_id
    from shops
    union all
    select
        'invoices.issued_at ' || invoice_id as fact_id,
        'invoices.issued_at' as fact_type,
        issued_at as fact_time,
        cast(null as {{ dbt.type_string() }}) as user_id,
        shop_id,
        cast(null as {{ dbt.type_string() }}) as plan_id,
        invoice_id
    from invoices
    union all
    select
        'payments.' || status || ' ' || payment_id as fact_id,
        'payments.' || status as fact_type,
        paid_at as fact_time,
        cast(null as {{ dbt.type_string() }}) as user_id,
        cast(null as {{ dbt.type_string() }}) as shop_id,
        cast(null as {{ dbt.type_string() }}) as plan_id,
        invoice_id
    from stated_payments
),

timed as (
    select * from listed
    where fact_time is not null
)

select * from timed
