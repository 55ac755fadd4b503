{{
    config(
        materialized='incremental',
        incremental_strategy='merge',
        unlogged=false,
        unique_key=['transaction_id', 'valid_from_build'],
        indexes=[
            {'columns': ['transaction_id']},
            {'columns': ['order_id']},
            {'columns': ['customer_id']},
            {'columns': ['valid_from_build']},
            {'columns': ['valid_to_build']},
        ],
    )
}}

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

transactions as (
    select * from {{ ref('stg_shop__transactions') }}
),

replaced_transactions as (
    select * from {{ ref('stg_loader__replaced_transactions') }}
),

products as (
    select * from {{ ref('stg_shop__products') }}
),

customers as (
    select * from {{ ref('stg_shop__customers') }}
),

customer_emails as (
    select * from {{ ref('int_customer_emails_matched') }}
),

{% if is_incremental() %}
    current_versions as (
        select * from {{ this }} where valid_to_build is null
    ),

    described as (
        {{ describe_lines('current_versions', prefix='new_') }}
    ),

    -- Lines that a load wrote or took back, and those that other files or vars put elsewhere.
    touched as (
        select transaction_id
        from transactions
        where _load_id > (select coalesce(max(seen_load_id), 0) from {{ this }})
        union
        select transaction_id
        from replaced_transactions
        where greatest(_replaced_by, _restored_by) > (select coalesce(max(seen_load_id), 0) from {{ this }})
        union
        select transaction_id
        from described
        where
            (customer_id, category, customer_segment, age_group, location)
            is distinct from (new_customer_id, new_category, new_customer_segment, new_age_group, new_location)
            or time_zone <> '{{ var("time_zone") }}'
            or is_accepted is distinct from {{ is_accepted('transaction_date') }}
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

select * from begun
{% if is_incremental() %}
    union all
    select
        {{ dbt_utils.star(this, except=['valid_to_build']) }},
        {{ next_build() }} as valid_to_build
    from {{ this }}
    where valid_to_build is null and transaction_id in (select touched.transaction_id from touched)
{% endif %}
