with date_ranges as (
    select * from {{ source('amazon', 'amazon_date_ranges') }}
),

settlements as (
    select * from {{ source('amazon', 'amazon_settlements') }}
),

reported_orders as (
    select distinct order_id from {{ source('amazon', 'amazon_date_ranges') }}
    where order_id is not null
),

reported as (
    select
        line_id,
        order_id,
        sku,
        case
            when lower(marketplace) in ('amazon.com', 'www.amazon.com') then 'USD'
            when lower(marketplace) like '%amazon.co.uk' then 'GBP'
            when lower(marketplace) like '%amazon.ca' then 'CAD'
            when lower(marketplace) like '%amazon.com.au' then 'AUD'
            when lower(marketplace) like '%amazon.co.jp' then 'JPY'
            when lower(marketplace) like '%amazon.com.mx' then 'MXN'
            when lower(marketplace) like '%amazon.__' then 'EUR'
        end as currency,
        case when lower(type) not in ('order', 'refund') then 'no_sale' end as exclusion_reason,
        quantity,
        product_sales + coalesce(promotional_rebates, 0) as amount,
        date_time as transacted_at,
        _load_id,
        _loaded_at
    from date_ranges
),

settled as (
    select
        -- The two reports number their lines apart.
        'settlement:' || settlements.line_id as line_id,
        settlements.order_id,
        settlements.sku,
        upper(settlements.currency) as currency,
        case when reported_orders.order_id is not null then 'in_date_range_report' end as exclusion_reason,
        -- Promotions reduce the line that has the units.
        case when settlements.amount_type = 'ItemPrice' then settlements.quantity_purchased end as quantity,
        settlements.amount,
        settlements.posted_date_time as transacted_at,
        settlements._load_id,
        settlements._loaded_at
    from settlements
    left join reported_orders on settlements.order_id = reported_orders.order_id
    where
        settlements.amount_description = 'Principal'
        and settlements.posted_date_time is not null
),

lines as (
    select * from reported
    union all
    select * from settled
),

renamed as (
    select
        -- ids
        'amazon:' || line_id as transaction_id,
        'amazon:' || {{ blank_to_null('order_id') }} as order_id,
        cast(null as {{ dbt.type_string() }}) as customer_id,
        'amazon:' || {{ blank_to_null('sku') }} as product_id,
        _load_id,

        -- strings
        cast(null as {{ dbt.type_string() }}) as customer_email,
        cast(null as {{ dbt.type_string() }}) as category,
        currency,
        exclusion_reason,

        -- numerics
        coalesce(quantity, 0) as quantity,
        amount,
        cast(null as {{ dbt.type_numeric() }}) as cost,

        -- timestamps
        transacted_at,
        _loaded_at
    from lines
)

select * from renamed
