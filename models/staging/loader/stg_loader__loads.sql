with source as (
    select * from {{ source('loader', 'loads') }}
),

renamed as (
    select
        -- ids
        load_id,
        undone_load_id,

        -- strings
        table_name,
        file_name,
        file_sha256,
        encoding,
        header,
        status,
        error,

        -- numerics
        bytes,
        rows_read,
        rows_inserted,
        rows_updated,
        rows_unchanged,
        rows_rejected,
        rows_removed,

        -- timestamps
        started_at,
        finished_at
    from source
)

select * from renamed
