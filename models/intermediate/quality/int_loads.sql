with loads as (
    select * from {{ ref('stg_loader__loads') }}
),

-- A load without a file, such as an undo, has no usual size.
numbered as (
    select
        load_id,
        table_name,
        rows_read,
        row_number() over (partition by table_name order by load_id) as load_number
    from loads
    where status = 'loaded' and file_sha256 is not null
),

former as (
    select
        numbered.load_id,
        earlier.rows_read
    from numbered
    inner join numbered as earlier
        on
            numbered.table_name = earlier.table_name
            and numbered.load_number > earlier.load_number
            and numbered.load_number <= earlier.load_number + {{ var('load_trend_loads') }}
),

medians as (
    select
        load_id,
        percentile_cont(0.5) within group (order by rows_read) as median_rows
    from former
    group by load_id
    having count(*) >= {{ var('load_trend_least') }}
),

deviations as (
    select
        former.load_id,
        medians.median_rows,
        percentile_cont(0.5) within group (order by abs(former.rows_read - medians.median_rows)) as mad_rows
    from former
    inner join medians on former.load_id = medians.load_id
    group by former.load_id, medians.median_rows
),

-- 1.4826 MADs of a normal distribution are its standard deviation. If most loads are equal, the MAD is 0 and any other
-- number would be unusual, so a deviation is at least a hundredth of the median, or one row.
compared as (
    select
        numbered.load_id,
        numbered.table_name,
        numbered.rows_read,
        deviations.median_rows,
        (numbered.rows_read - deviations.median_rows)
        / greatest(1.4826 * deviations.mad_rows, deviations.median_rows / 100, 1) as deviations_from_median
    from numbered
    left join deviations on numbered.load_id = deviations.load_id
)

select * from compared
