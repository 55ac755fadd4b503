with issues as (
    select * from {{ ref('int_quality_issues') }}
),

summed as (
    select
        check_name,
        count(*) as rows_failed,
        sum(amount) as amount_affected
    from issues
    group by check_name
)

select * from summed
