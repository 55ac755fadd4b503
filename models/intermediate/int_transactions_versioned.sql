{{
    config(
        materialized=kept_materialization(),
        incremental_strategy='merge',
        unlogged=false,
        unique_key=['transaction_id', 'valid_from_build'],
        indexes=indexes_on(['transaction_id', 'order_id', 'customer_id', 'valid_from_build', 'valid_to_build']),
    )
}}

-- depends_on: {{ ref('stg_shop__transactions') }}, {{ ref('stg_shop__products') }}, {{ ref('stg_shop__customers') }}
-- depends_on: {{ ref('stg_loader__replaced_transactions') }}, {{ ref('int_customer_emails_matched') }}
with lines as (
    select * from {{ ref('int_transactions_enriched') }}
),

loads as (
    select * from {{ ref('stg_loader__loads') }}
),

-- The loader numbers its loads in the order they are seen, so below the first one that still runs none is missing.
seen_loads as (
    select coalesce(min(case when status = 'running' then load_id - 1 end), max(load_id), 0) as seen_load_id from loads
),

{% if is_incremental() %}
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
        select * from {{ this }}
        where valid_to_build is null
    ),

    former as (
        select coalesce(max(seen_load_id), 0) as seen_load_id from {{ this }}
    ),

    described as (
        {{ describe_lines('current_versions', prefix='new_') }}
    ),

    -- Lines that a load wrote or took back, and those that other files or vars put elsewhere.
    touched as (
        select transactions.transaction_id
        from {{ ref('stg_shop__transactions') }} as transactions
        inner join former on transactions._load_id > former.seen_load_id
        {{ union_distinct() }}
        select replaced_transactions.transaction_id
        from {{ ref('stg_loader__replaced_transactions') }} as replaced_transactions
        inner join former
            on {{ largest(['replaced_transactions._replaced_by', 'replaced_transactions._restored_by']) }}
                > former.seen_load_id
        {{ union_distinct() }}
        select transaction_id
        from described
        where
            {{
                any_differs(
                    ['customer_id', 'category', 'customer_segment', 'age_group', 'location'],
                    ['new_customer_id', 'new_category', 'new_customer_segment', 'new_age_group', 'new_location'],
                )
            }}
            or time_zone <> '{{ var("time_zone") }}'
            or {{ differs('is_accepted', is_accepted('transaction_date')) }}
    ),
{% endif %}

begun as (
    select
        lines.*,
        seen_loads.seen_load_id,
        {{ next_build() }} as valid_from_build,
        cast(null as bigint) as valid_to_build
    from lines
    cross join seen_loads
    {% if is_incremental() %}
        where lines.transaction_id in (select touched.transaction_id from touched)
    {% endif %}
)

select * from begun  -- noqa: AM04
{% if is_incremental() %}
    union all
    select
        {{ dbt_utils.star(this, except=['valid_to_build']) }},
        {{ next_build() }} as valid_to_build
    from {{ this }}
    where valid_to_build is null and transaction_id in (select touched.transaction_id from touched)
{% endif %}
