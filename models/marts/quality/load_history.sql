with loads as (
    select * from {{ ref('stg_loader__loads') }}
),

timed as (
    select
        load_id,
        undone_load_id,
        table_name,
        file_name,
        file_sha256,
        status,
        error,
        bytes,
        rows_read,
        rows_inserted,
        rows_updated,
        rows_unchanged,
        rows_rejected,
        rows_removed,
        cast({{ seconds_between('started_at', 'finished_at') }} as numeric(12, 3)) as seconds,
        started_at,
        finished_at
    from loads
)

select * from timed
