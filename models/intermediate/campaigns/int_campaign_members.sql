with campaigns as (
    select * from {{ ref('int_campaigns') }}
),

listed as (
    select * from {{ ref('stg_shop__campaign_members') }}
),

exports as (
    select * from {{ ref('stg_loader__audience_exports') }}
),

changes as (
    select * from {{ ref('stg_loader__audience_changes') }}
),

customer_emails as (
    select * from {{ ref('int_customer_emails') }}
),

from_files as (
    select
        campaigns.campaign_id,
        listed.customer_id,
        case when listed.is_treated then 1 else 0 end as is_treated,
        campaigns.control_share as expected_control_share
    from campaigns
    inner join listed on campaigns.campaign_id = listed.campaign_id
),

-- Who was given out, and who was held out on the same day by the same rule.
exported as (
    select
        campaigns.campaign_id,
        changes.customer_id,
        case changes.change when 'entered' then 1 else 0 end as is_treated,
        coalesce(campaigns.control_share, exports.hold_out_share) as expected_control_share,
        row_number() over (
            partition by campaigns.campaign_id, changes.customer_id order by changes.export_id
        ) as entry
    from campaigns
    inner join exports
        on
            campaigns.audience = exports.audience
            and exports.as_of_date between campaigns.starts_on and campaigns.ends_on
    inner join changes on exports.export_id = changes.export_id and changes.change in ('entered', 'held out')
    where campaigns.campaign_id not in (select from_files.campaign_id from from_files)
),

combined as (
    select
        campaign_id,
        customer_id,
        is_treated,
        expected_control_share
    from from_files
    union all
    select
        campaign_id,
        customer_id,
        is_treated,
        expected_control_share
    from exported
    where entry = 1
),

-- A customer who was known by an e-mail address only may have got an identifier since.
resolved as (
    select
        combined.campaign_id,
        coalesce(customer_emails.customer_id, combined.customer_id) as customer_id,
        max(combined.is_treated) as is_treated,
        max(combined.expected_control_share) as expected_control_share
    from combined
    left join customer_emails on combined.customer_id = customer_emails.email_customer_id
    group by combined.campaign_id, coalesce(customer_emails.customer_id, combined.customer_id)
)

select * from resolved
