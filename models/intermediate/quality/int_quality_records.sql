{{ config(materialized='view') }}

{%- set customer_attributes = ['email', 'customer_segment', 'age_group', 'location', 'registered_at'] %}
{%- set product_attributes = ['product_name', 'category', 'product_type', 'price'] %}

with rejected_rows as (
    select * from {{ ref('stg_loader__rejected_rows') }}
),

loads as (
    select * from {{ ref('stg_loader__loads') }}
),

order_days as (
    select * from {{ ref('int_order_days') }}
),

customers as (
    select * from {{ ref('int_source_customers') }}
),

products as (
    select * from {{ ref('int_source_products') }}
),

product_sums as (
    select * from {{ ref('int_products') }}
),

customer_sums as (
    select
        customer_id,
        sum(net_revenue) as net_revenue
    from order_days
    group by customer_id
),

-- Rows of a file that was refused as a whole are not counted.
rejected as (
    select
        'rejected_' || rejected_rows.reason as check_name,
        loads.table_name,
        'load ' || cast(rejected_rows.load_id as {{ dbt.type_string() }})
        || ' line ' || cast(rejected_rows.line as {{ dbt.type_string() }}) as item,
        rejected_rows.column_name as reason,
        case
            when loads.table_name not in ('raw.events', 'raw.invoices', 'raw.payments') then rejected_rows.amount
        end as amount
    from rejected_rows
    inner join loads on rejected_rows.load_id = loads.load_id
    where loads.status = 'loaded'
),

several_customers as (
    select
        'several_customers' as check_name,
        'raw.transactions' as table_name,
        order_id as item,
        cast(count(distinct customer_id) as {{ dbt.type_string() }}) || ' customers' as reason,
        sum(net_revenue) as amount
    from order_days
    group by order_id
    having count(distinct customer_id) > 1
),

customers_missing as (
    {{ list_missing_attributes('customers', 'customer_id', customer_attributes, 'customer_sums') }}
),

products_missing as (
    {{ list_missing_attributes('products', 'product_id', product_attributes, 'product_sums') }}
),

clipped_values as (
    select
        'clipped_value' as check_name,
        'marts.customer_metrics' as table_name,
        customer_id as item,
        cast(null as {{ dbt.type_string() }}) as reason,
        cast(null as {{ dbt.type_numeric() }}) as amount
    from {{ ref('int_customer_features') }}
    where is_clipped
),

listed as (
    select * from rejected
    union all
    select * from several_customers
    union all
    select * from customers_missing
    union all
    select * from products_missing
    union all
    select * from clipped_values
)

select * from listed
