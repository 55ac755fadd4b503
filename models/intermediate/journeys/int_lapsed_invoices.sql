with invoices as (
    select * from {{ ref('int_invoices') }}
),

facts as (
    select * from {{ ref('int_journey_facts') }}
),

as_of_dates as (
    select * from {{ ref('int_journey_as_of_date') }}
),

named_settlements as (
    select
        invoice_id,
        min(fact_time) as settled_at
    from facts
    where invoice_id is not null and meaning in ('payment_succeeded', 'invoice_settled')
    group by invoice_id
),

-- A payment without an invoice settles every earlier invoice of its shop, or of its user if it names no shop.
open_payments as (
    select * from facts
    where invoice_id is null and meaning = 'payment_succeeded'
),

open_settlements as (
    select
        invoices.invoice_id,
        min(open_payments.fact_time) as settled_at
    from invoices
    inner join open_payments
        on
            invoices.user_id = open_payments.user_id
            and (invoices.shop_id = open_payments.shop_id or open_payments.shop_id is null or invoices.shop_id is null)
            and invoices.issued_at <= open_payments.fact_time
    group by invoices.invoice_id
),

settled as (
    select
        invoices.*,
        least(
            coalesce(named_settlements.settled_at, open_settlements.settled_at),
            coalesce(open_settlements.settled_at, named_settlements.settled_at)
        ) as settled_at,
        cast(
            {{ dbt.dateadd('day', var('churn_unpaid_days') + 1, 'invoices.due_date') }} as date
        ) as lapse_date
    from invoices
    left join named_settlements on invoices.invoice_id = named_settlements.invoice_id
    left join open_settlements on invoices.invoice_id = open_settlements.invoice_id
),

-- A status has no time: it settles the invoice from the start, unless a payment says when it was settled.
lapsed as (
    select
        'invoices.lapsed ' || settled.invoice_id as fact_id,
        {{ start_of_day('settled.lapse_date') }} as fact_time,
        settled.user_id,
        settled.shop_id,
        settled.invoice_id
    from settled
    inner join as_of_dates on settled.lapse_date <= as_of_dates.as_of_date
    where
        settled.user_id is not null
        and not (settled.settled_at is null and settled.has_settled_status)
        and (settled.settled_at is null or settled.settled_at > {{ start_of_day('settled.lapse_date') }})
)

select * from lapsed
