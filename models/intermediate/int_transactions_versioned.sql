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
with loads as (
    select * from {{ ref('stg_loader__loads') }}
),

-- The loader numbers its loads in the order they are seen, so below the first one that still runs none is missing.
seen_loads as (
    select coalesce(min(case when status = 'running' then load_id - 1 end), max(load_id), 0) as seen_load_id from loads
),

{% if is_incremental() %}
    -- Each version says what its build had seen. The latest is found by an index, the highest of all would be by a scan.
    last_versions as (
        select seen_load_id from {{ this }}
        order by valid_from_build desc
        limit 1
    ),

    former as (
        select coalesce(max(seen_load_id), 0) as seen_load_id from last_versions
    ),

    {{ lines_described_otherwise(this) }}

    -- Lines that a load took back or replaced, and those that other files or vars put elsewhere.
    changed as (
        select replaced_transactions.transaction_id
        from {{ ref('stg_loader__replaced_transactions') }} as replaced_transactions
        inner join former
            on {{ largest(['replaced_transactions._replaced_by', 'replaced_transactions._restored_by']) }}
                > former.seen_load_id
        {{ union_distinct() }}
        select transaction_id from described_otherwise
    ),

    -- In two parts, and from the view itself: PostgreSQL keeps lines by their load before it describes them, but keeps
    -- those in a list only after it has described all, and where the list is empty it describes none.
    lines as (
        select * from {{ ref('int_transactions_enriched') }}
        where _load_id > (select former.seen_load_id from former)
        union all
        select * from {{ ref('int_transactions_enriched') }}
        where
            coalesce(_load_id, 0) <= (select former.seen_load_id from former)
            and transaction_id in (select changed.transaction_id from changed)
    ),
{% else %}
    lines as (
        select * from {{ ref('int_transactions_enriched') }}
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
)

{%- if is_incremental() %},

    -- What changed and is no line any more.
    withdrawn as (
        select changed.transaction_id
        from changed
        left join begun on changed.transaction_id = begun.transaction_id
        where begun.transaction_id is null
    ),

    ended as (
        {% for ending in ['begun', 'withdrawn'] -%}
            select
                {{ dbt_utils.star(this, except=['valid_to_build']) }},
                {{ next_build() }} as valid_to_build
            from {{ this }}
            where valid_to_build is null and transaction_id in (select {{ ending }}.transaction_id from {{ ending }})
            {{ 'union all' if not loop.last }}
        {% endfor %}
    )
{%- endif %}

select * from begun  -- noqa: AM04
{% if is_incremental() %}
    union all
    select * from ended
{% endif %}
