with invoices as (
    select * from {{ ref('stg_journey__invoices') }}
),

events as (
    select * from {{ ref('stg_journey__events') }}
),

event_types as (
    select * from {{ ref('journey_event_types') }}
),

shop_owners as (
    select * from {{ ref('int_shop_owners') }}
),

logged as (
    select
        events.invoice_id,
        min(events.shop_id) as shop_id,
        min(events.user_id) as user_id,
        min(case when event_types.meaning = 'invoice_issued' then events.event_time end) as issued_at,
        min(events.invoice_due_date) as due_date
    from events
    inner join event_types on lower(trim(events.event_type)) = event_types.event_type
    where events.invoice_id is not null
    group by events.invoice_id
),

tabled as (
    select
        invoices.invoice_id,
        invoices.shop_id,
        invoices.issued_at,
        {{ local_date('invoices.due_at') }} as due_date,
        coalesce(event_types.meaning = 'invoice_settled', false) as has_settled_status
    from invoices
    left join event_types on 'invoices.' || lower(trim(invoices.status)) = event_types.event_type
),

joined as (
    select
        coalesce(tabled.invoice_id, logged.invoice_id) as invoice_id,
        coalesce(tabled.shop_id, logged.shop_id) as shop_id,
        logged.user_id as logged_user_id,
        coalesce(tabled.issued_at, logged.issued_at) as issued_at,
        coalesce(tabled.due_date, logged.due_date) as due_date,
        coalesce(tabled.has_settled_status, false) as has_settled_status
    from tabled
    full outer join logged on tabled.invoice_id = logged.invoice_id
),

-- An invoice without a due day is due on the day of issue.
identified as (
    select
        joined.invoice_id,
        joined.shop_id,
        coalesce(shop_owners.user_id, joined.logged_user_id) as user_id,
        joined.issued_at,
        coalesce(joined.due_date, {{ local_date('joined.issued_at') }}) as due_date,
        joined.has_settled_status
    from joined
    left join shop_owners on joined.shop_id = shop_owners.shop_id
)

select * from identified
