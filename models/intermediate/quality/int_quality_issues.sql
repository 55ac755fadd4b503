{{ config(materialized='view') }}

{%- set line_checks = [
    'unknown_customer', 'unknown_product', 'unknown_category', 'zero_quantity', 'negative_amount', 'zero_amount',
    'repeated_line', 'before_registration',
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
)

select * from listed
