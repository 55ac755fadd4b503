{%- set metrics = ['revenue', 'orders', 'buyers'] -%}

with campaigns as (
    select * from {{ ref('int_campaigns') }}
),

members as (
    select * from {{ ref('int_campaign_members') }}
),

matches as (
    select * from {{ ref('int_campaign_matches') }}
),

counted as (
    select
        campaign_id,
        count(*) as treated_customers
    from members
    group by campaign_id
),

-- The others of a cell count as often as there are treated customers in it.
weighted as (
    {% for metric in metrics %}
        select
            campaign_id,
            '{{ metric }}' as metric,
            sum(treated_customers) as matched_customers,
            sum(other_customers) as other_customers,
            sum(treated_{{ metric }}) as treated_sum,
            sum(treated_customers * cast(other_{{ metric }} as {{ type_double() }}) / other_customers) as other_sum
        from matches
        group by campaign_id
        {{ 'union all' if not loop.last }}
    {% endfor %}
),

compared as (
    select
        weighted.campaign_id,
        weighted.metric,
        campaigns.campaign_name,
        campaigns.starts_on,
        campaigns.observed_until,
        cast(counted.treated_customers as bigint) as treated_customers,
        cast(weighted.matched_customers as bigint) as matched_customers,
        cast(weighted.other_customers as bigint) as other_customers,
        cast(weighted.treated_sum / weighted.matched_customers as numeric(18, 6)) as treated_mean,
        cast(weighted.other_sum / weighted.matched_customers as numeric(18, 6)) as other_mean,
        cast(
            (weighted.treated_sum - weighted.other_sum) / weighted.matched_customers as numeric(18, 6)
        ) as difference,
        false as is_causal
    from weighted
    inner join campaigns on weighted.campaign_id = campaigns.campaign_id
    inner join counted on weighted.campaign_id = counted.campaign_id
)

select * from compared
