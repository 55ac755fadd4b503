with line_versions as (
    select * from {{ ref('int_line_versions') }}
),

replaced_versions as (
    select * from {{ ref('int_line_versions') }}
    where _replaced_by is not null
),

-- A version is valid from the load that wrote it. A restored version has a copy for that; its own row stands for the
-- moment of its return. Lines without a load belong to load 0.
begun as (
    select
        transaction_id,
        coalesce(_restored_by, _load_id, 0) as load_id,
        amount,
        sales_date,
        _restored_by is not null as is_restored
    from line_versions
),

changes as (
    select
        begun.load_id,
        begun.amount,
        begun.sales_date,
        1 as lines,
        case
            when begun.is_restored then 'restored'
            when former.transaction_id is not null then 'corrected'
            when begun.amount < 0 then 'refunded'
            else 'inserted'
        end as change
    from begun
    left join replaced_versions as former
        on begun.transaction_id = former.transaction_id and begun.load_id = former._replaced_by
    union all
    select
        _replaced_by as load_id,
        -amount as amount,
        sales_date,
        -1 as lines,
        'ended' as change
    from replaced_versions
),

summed as (
    select
        sales_date,
        load_id,
        change,
        sum(lines) as lines,
        sum(amount) as amount
    from changes
    group by sales_date, load_id, change
),

-- A load that writes no version of its own undoes another load.
judged as (
    select
        *,
        max(case when change in ('inserted', 'refunded', 'corrected') then 1 else 0 end)
            over (partition by load_id) as writes_versions
    from summed
),

explained as (
    select
        *,
        case
            when change = 'restored' or writes_versions = 0 then 'undone'
            when change = 'ended' then 'corrected'
            else change
        end as reason
    from judged
),

resummed as (
    select
        sales_date,
        load_id,
        reason,
        cast(sum(lines) as bigint) as transaction_count_change,
        sum(amount) as net_change
    from explained
    group by sales_date, load_id, reason
)

select * from resummed
