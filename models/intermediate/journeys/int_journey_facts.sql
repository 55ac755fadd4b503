with events as (
    select * from {{ ref('stg_journey__events') }}
),

table_facts as (
    select * from {{ ref('int_journey_table_facts') }}
),

event_types as (
    select * from {{ ref('journey_event_types') }}
),

shop_owners as (
    select * from {{ ref('int_shop_owners') }}
),

invoices as (
    select * from {{ ref('int_invoices') }}
),

listed as (
    select
        event_id as fact_id,
        0 as source_rank,
        event_type as fact_type,
        event_time as fact_time,
        user_id,
        shop_id,
        plan_id,
        invoice_id
    from events
    union all
    select
        fact_id,
        1 as source_rank,
        fact_type,
        fact_time,
        user_id,
        shop_id,
        plan_id,
        invoice_id
    from table_facts
),

resolved as (
    select
        listed.fact_id,
        listed.source_rank,
        listed.fact_time,
        event_types.meaning,
        event_types.stage,
        cast({{ local_date('listed.fact_time') }} as {{ dbt.type_string() }}) as fact_day,
        coalesce(listed.user_id, shop_owners.user_id, invoices.user_id) as user_id,
        coalesce(listed.shop_id, invoices.shop_id) as shop_id,
        listed.plan_id,
        listed.invoice_id
    from listed
    inner join event_types on lower(trim(listed.fact_type)) = event_types.event_type
    left join invoices on listed.invoice_id = invoices.invoice_id
    left join shop_owners on coalesce(listed.shop_id, invoices.shop_id) = shop_owners.shop_id
),

-- What a fact is about: a user, a shop, an invoice, or one day's payment of an invoice; otherwise only itself.
subjected as (
    select
        *,
        coalesce(case
            when meaning in ('user_created', 'user_deleted') then user_id || ' user'
            when meaning in ('shop_created', 'shop_deleted') then shop_id || ' shop'
            when meaning in ('invoice_issued', 'invoice_settled') then invoice_id || ' invoice'
            when meaning in ('payment_succeeded', 'payment_failed') then invoice_id || ' ' || meaning || ' ' || fact_day
        end, fact_id || ' fact') as subject
    from resolved
),

compared as (
    select
        *,
        lag(meaning) over (
            partition by subject order by fact_time, {{ journey_stage_rank('stage') }} nulls last, source_rank, fact_id
        ) as meaning_before
    from subjected
),

kept as (
    select
        fact_id,
        fact_time,
        meaning,
        stage,
        user_id,
        shop_id,
        plan_id,
        invoice_id
    from compared
    where meaning is distinct from meaning_before
)

select * from kept
