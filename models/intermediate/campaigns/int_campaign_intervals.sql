with estimates as (
    select * from {{ ref('int_campaign_estimates') }}
),

probabilities as (
    select * from {{ ref('int_campaign_probabilities') }}
),

-- How far the guess is from the value beyond which 2.5 % are, by Newton's first step.
missed as (
    select
        campaign_id,
        metric,
        test,
        degrees_of_freedom,
        statistic,
        (p_value - 0.05) / (2 * density) as miss
    from probabilities
),

-- Halley's step gives all digits, from 9 degrees of freedom.
corrected as (
    select
        campaign_id,
        metric,
        test,
        statistic + miss + power(miss, 2) * statistic * (degrees_of_freedom + 1)
        / (2 * (degrees_of_freedom + power(statistic, 2))) as critical_value
    from missed
),

judged as (
    select
        estimates.campaign_id,
        estimates.metric,
        estimates.method,
        estimates.estimate,
        estimates.standard_error,
        estimates.degrees_of_freedom,
        estimates.estimate - corrected.critical_value * estimates.standard_error as estimate_low,
        estimates.estimate + corrected.critical_value * estimates.standard_error as estimate_high,
        effects.p_value
    from estimates
    left join corrected
        on
            estimates.campaign_id = corrected.campaign_id
            and estimates.metric = corrected.metric
            and corrected.test = estimates.method || ' critical'
    left join probabilities as effects
        on
            estimates.campaign_id = effects.campaign_id
            and estimates.metric = effects.metric
            and effects.test = estimates.method || ' effect'
)

select * from judged
