{#-
    CTEs that end in `described_otherwise`: the lines whose present version in a relation is not as the files of customers
    and products, the time zone and the as-of date describe it now.
-#}
{% macro lines_described_otherwise(versions) %}
    products as (
        select * from {{ ref('stg_shop__products') }}
    ),

    customers as (
        select * from {{ ref('stg_shop__customers') }}
    ),

    customer_emails as (
        select * from {{ ref('int_customer_emails_matched') }}
    ),

    current_versions as (
        select * from {{ versions }}
        where valid_to_build is null
    ),

    described as (
        {{ describe_lines('current_versions', prefix='new_') }}
    ),

    -- As a number: PostgreSQL takes it that few rows have a certain number, but that nearly all differ; and then it
    -- neither shares the work among processes nor looks the few up.
    compared as (
        select
            transaction_id,
            case
                when
                    {{
                        any_differs(
                            ['customer_id', 'category', 'customer_segment', 'age_group', 'location'],
                            ['new_customer_id', 'new_category', 'new_customer_segment', 'new_age_group', 'new_location'],
                        )
                    }}
                    or time_zone <> '{{ var("time_zone") }}'
                    or {{ differs('is_accepted', is_accepted('transaction_date')) }}
                    then 1
                else 0
            end as is_described_otherwise
        from described
    ),

    described_otherwise as (
        select transaction_id from compared
        where is_described_otherwise = 1
    ),
{% endmacro %}
