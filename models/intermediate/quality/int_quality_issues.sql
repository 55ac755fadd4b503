{{ config(materialized='view') }}

{%- set line_checks = [
    'guest_line', 'unknown_customer', 'unknown_product', 'unknown_category', 'assumed_currency', 'zero_quantity',
    'negative_amount', 'zero_amount', 'repeated_line', 'before_registration',
] %}

with lines as (
    select * from {{ ref('int_quality_lines') }}
),

records as (
    select * from {{ ref('int_quality_records') }}
),

arrivals as (
    select * from {{ ref('int_quality_arrivals') }}
),

source_transactions as (
    select * from {{ ref('int_source_transactions') }}
),

excluded as (
    select
        'excluded_' || source || '_' || exclusion_reason as check_name,
        'staging.stg_' || source || '__transactions' as table_name,
        transaction_id as item,
        exclusion_reason as reason,
        amount
    from source_transactions
    where exclusion_reason is not null and {{ is_accepted(local_date('transacted_at')) }}
),

unconverted_lines as (
    select * from {{ ref('int_unconverted_lines') }}
),

unconverted as (
    select
        transaction_id,
        currency || ' ' || cast(cast(amount as numeric(18, 2)) as {{ dbt.type_string() }})
        || ' of ' || cast(cast(sum(amount) over (partition by currency) as numeric(18, 2)) as {{ dbt.type_string() }})
        || ' (lines: ' || cast(count(*) over (partition by currency) as {{ dbt.type_string() }}) || ')' as reason
    from unconverted_lines
),

listed as (
    {% for check in line_checks %}
        select
            '{{ check }}' as check_name,
            'raw.transactions' as table_name,
            transaction_id as item,
            cast(null as {{ dbt.type_string() }}) as reason,
            amount
        from lines
        where is_{{ check }}
        union all
    {% endfor %}
    select
        check_name,
        table_name,
        item,
        reason,
        amount
    from records
    union all
    select
        check_name,
        table_name,
        item,
        reason,
        amount
    from arrivals
    union all
    select
        check_name,
        table_name,
        item,
        reason,
        amount
    from excluded
    union all
    select
        'missing_exchange_rate' as check_name,
        'raw.transactions' as table_name,
        transaction_id as item,
        reason,
        null as amount
    from unconverted
)

select * from listed
