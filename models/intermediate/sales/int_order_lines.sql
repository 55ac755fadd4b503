with transactions as (
    select * from {{ ref('int_source_transactions') }}
    where exclusion_reason is null
),

products as (
    select * from {{ ref('int_source_products') }}
),

customers as (
    select * from {{ ref('int_source_customers') }}
),

customer_emails as (
    select * from {{ ref('int_customer_emails') }}
),

daily_rates as (
    select * from {{ ref('int_daily_rates') }}
),

reporting_currencies as (
    select * from {{ ref('int_reporting_currency') }}
),

-- The prefix keeps a line without an order apart from an order with the same number.
named as (
    select
        transaction_id,
        coalesce(order_id, 'line_' || transaction_id) as order_id,
        coalesce(product_id, '(unknown)') as product_id,
        coalesce(customer_id, {{ customer_id_from_email('customer_email') }}) as named_customer_id,
        case when customer_id is null then lower(trim(customer_email)) end as customer_email,
        category as named_category,
        -- A refund takes units away, whatever sign the file gives its quantity.
        case when amount < 0 then -abs(quantity) else quantity end as quantity,
        amount,
        -- A refund brings the units back, and with them what they cost.
        case when amount < 0 then -abs(cost) else cost end as cost,
        currency,
        {{ local_date('transacted_at') }} as transaction_date,
        transacted_at,
        _load_id
    from transactions
),

accepted as (
    select * from named
    where {{ is_accepted('transaction_date') }}
),

described as (
    select
        accepted.transaction_id,
        accepted.order_id,
        coalesce(customer_emails.customer_id, accepted.named_customer_id, '(unknown)') as customer_id,
        accepted.product_id,
        coalesce(products.category, accepted.named_category, '(unknown)') as category,
        coalesce(customers.customer_segment, '(unknown)') as customer_segment,
        coalesce(customers.age_group, '(unknown)') as age_group,
        coalesce(customers.location, '(unknown)') as location,
        accepted.customer_email,
        accepted.quantity,
        case
            when daily_rates.currency is null then accepted.amount
            else
                {{ converted_amount(
                    'accepted.amount', 'daily_rates.reporting_units', 'daily_rates.currency_units'
                ) }}
        end as amount,
        accepted.amount as original_amount,
        coalesce(
            case
                when daily_rates.currency is null then accepted.cost
                else
                    {{ converted_amount(
                        'accepted.cost', 'daily_rates.reporting_units', 'daily_rates.currency_units'
                    ) }}
            end,
            products.unit_cost * accepted.quantity
        ) as cost,
        coalesce(accepted.currency, reporting_currencies.currency) as currency,
        accepted.currency is null and reporting_currencies.is_named as is_currency_assumed,
        accepted.transaction_date,
        accepted.transacted_at,
        accepted._load_id
    from accepted
    left join customer_emails on accepted.named_customer_id = customer_emails.email_customer_id
    left join customers
        on coalesce(customer_emails.customer_id, accepted.named_customer_id) = customers.customer_id
    left join products on accepted.product_id = products.product_id
    cross join reporting_currencies
    left join daily_rates
        on accepted.currency = daily_rates.currency and accepted.transaction_date = daily_rates.transaction_date
    -- Not `or`: PostgreSQL would expect next to no lines then, and join the rest line by line.
    where case when daily_rates.currency is null then true else daily_rates.rate_date is not null end
)

select * from described
