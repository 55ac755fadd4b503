with campaigns as (
    select * from {{ ref('int_campaigns') }}
),

campaign_groups as (
    select * from {{ ref('int_campaign_groups') }}
),

intervals as (
    select * from {{ ref('int_campaign_intervals') }}
),

sample_ratios as (
    select * from {{ ref('int_campaign_sample_ratios') }}
),

probabilities as (
    select * from {{ ref('int_campaign_probabilities') }}
    where test = 'sample ratio'
),

grouped as (
    select
        campaign_id,
        metric,
        cast(coalesce(max(case when role = 'treated' then customers end), 0) as bigint) as treated_customers,
        cast(coalesce(max(case when role = 'control' then customers end), 0) as bigint) as control_customers,
        max(case when role = 'treated' then outcome_mean end) as treated_mean,
        max(case when role = 'control' then outcome_mean end) as control_mean
    from campaign_groups
    group by campaign_id, metric
),

joined as (
    select
        grouped.*,
        campaigns.campaign_name,
        campaigns.starts_on,
        campaigns.ends_on,
        campaigns.observed_until,
        campaigns.is_complete,
        sample_ratios.expected_control_share,
        probabilities.p_value as sample_ratio_p_value,
        plain.estimate_low as difference_low,
        plain.estimate_high as difference_high,
        plain.p_value as difference_p_value,
        cuped.estimate as lift,
        cuped.estimate_low as lift_low,
        cuped.estimate_high as lift_high,
        cuped.p_value,
        1 - power(cuped.standard_error / plain.standard_error, 2) as variance_reduction
    from grouped
    inner join campaigns on grouped.campaign_id = campaigns.campaign_id
    left join sample_ratios on grouped.campaign_id = sample_ratios.campaign_id
    left join probabilities on grouped.campaign_id = probabilities.campaign_id
    left join intervals as plain
        on grouped.campaign_id = plain.campaign_id and grouped.metric = plain.metric and plain.method = 'plain'
    left join intervals as cuped
        on grouped.campaign_id = cuped.campaign_id and grouped.metric = cuped.metric and cuped.method = 'cuped'
),

judged as (
    select
        campaign_id,
        metric,
        campaign_name,
        starts_on,
        ends_on,
        observed_until,
        is_complete,
        treated_customers,
        control_customers,
        cast(expected_control_share as numeric(9, 6)) as expected_control_share,
        cast(sample_ratio_p_value as numeric(12, 10)) as sample_ratio_p_value,
        {% for column in [
            'treated_mean', 'control_mean', 'treated_mean - control_mean', 'difference_low', 'difference_high', 'lift',
            'lift_low', 'lift_high'
        ] %}
            cast({{ column }} as numeric(18, 6)) as {{ column.replace('treated_mean - control_mean', 'difference') }},
        {% endfor %}
        cast(difference_p_value as numeric(12, 10)) as difference_p_value,
        cast(p_value as numeric(12, 10)) as p_value,
        cast(variance_reduction as numeric(9, 6)) as variance_reduction,
        {% for column in ['lift', 'lift_low', 'lift_high'] %}
            cast(treated_customers * {{ column }} as numeric(18, 2)) as total_{{ column }},
        {% endfor %}
        case
            when control_customers = 0 then 'no control group'
            when sample_ratio_p_value < 0.001 then 'groups are not as planned'
            when least(treated_customers, control_customers) < {{ var('campaign_min_customers') }}
                then 'too few customers'
            when p_value is null then 'all did the same'
            when p_value >= 0.05 then 'not told apart from nothing'
            when lift > 0 then 'more'
            else 'less'
        end as verdict
    from joined
)

select * from judged
