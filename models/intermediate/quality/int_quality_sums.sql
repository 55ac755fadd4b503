with issues as (
    select * from {{ ref('int_quality_issues') }}
),

summed as (
    select
        check_name,
        check_name like 'excluded_%' as is_exclusion,
        min(table_name) as table_name,
        count(*) as rows_failed,
        sum(amount) as amount_affected
    from issues
    group by check_name
),

-- Checks that are not in the seed: lines that don't count, by source and reason, and reasons to reject a record that
-- are not known yet, which count as an error.
described as (
    select
        check_name,
        case when is_exclusion then 'info' else 'error' end as severity,
        case when is_exclusion then table_name else 'loader.rejected_rows' end as table_name,
        case when is_exclusion then 'exported lines' else 'records' end as counted,
        case
            when is_exclusion then 'Lines that do not count: ' || replace(substring(check_name, 10), '_', ' ')
            else check_name
        end as description,
        is_exclusion,
        rows_failed,
        amount_affected
    from summed
)

select * from described
