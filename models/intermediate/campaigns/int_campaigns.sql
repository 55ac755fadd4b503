with campaigns as (
    select * from {{ ref('stg_shop__campaigns') }}
),

as_of_dates as (
    select * from {{ ref('int_as_of_date') }}
),

-- What customers bought in as many days before says most of what they would have bought anyway.
dated as (
    select
        campaigns.campaign_id,
        campaigns.campaign_name,
        campaigns.audience,
        campaigns.control_share,
        campaigns.starts_on,
        campaigns.ends_on,
        least(campaigns.ends_on, as_of_dates.as_of_date) as observed_until,
        campaigns.ends_on <= as_of_dates.as_of_date as is_complete,
        cast({{ dbt.dateadd(
            'day', '-1 - ' ~ dbt.datediff('campaigns.starts_on', 'campaigns.ends_on', 'day'), 'campaigns.starts_on'
        ) }} as date) as compared_from
    from campaigns
    inner join as_of_dates on campaigns.starts_on <= as_of_dates.as_of_date
    where campaigns.starts_on <= campaigns.ends_on
)

select * from dated
