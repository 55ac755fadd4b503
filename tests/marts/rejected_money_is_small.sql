-- Rejected records hold next to none of the money; more has to be fixed in the files, or accepted by the var. No money
-- is lost with a record that a later one of its file corrects, or with a header that stands again.
with rejected as (
    select coalesce(sum(abs(amount)), 0) as amount
    from {{ ref('int_quality_issues') }}
    where
        check_name like 'rejected_%'
        and check_name not in ('rejected_duplicate_key', 'rejected_repeated_header')
),

accepted as (
    select coalesce(sum(abs(amount)), 0) as amount
    from {{ ref('order_lines') }}
)

select
    rejected.amount as rejected_amount,
    accepted.amount as accepted_amount
from rejected
cross join accepted
where rejected.amount > {{ var('max_rejected_money_share') }} * (rejected.amount + accepted.amount)
