with campaign_groups as (
    select * from {{ ref('int_campaign_groups') }}
),

treated as (
    select * from campaign_groups
    where role = 'treated'
),

control as (
    select * from campaign_groups
    where role = 'control'
),

-- CUPED: slope is the regression of the outcome on the period before within the groups. Without it, it is 0.
paired as (
    select
        treated.campaign_id,
        treated.metric,
        treated.customers as treated_customers,
        control.customers as control_customers,
        treated.outcome_mean - control.outcome_mean as difference,
        treated.covariate_mean - control.covariate_mean as covariate_difference,
        treated.outcome_squares as treated_outcome_squares,
        treated.covariate_squares as treated_covariate_squares,
        treated.products as treated_products,
        control.outcome_squares as control_outcome_squares,
        control.covariate_squares as control_covariate_squares,
        control.products as control_products,
        coalesce(
            (treated.products + control.products)
            / nullif(treated.covariate_squares + control.covariate_squares, 0), 0
        ) as slope
    from treated
    inner join control on treated.campaign_id = control.campaign_id and treated.metric = control.metric
    where
        treated.customers >= {{ var('campaign_min_customers') }}
        and control.customers >= {{ var('campaign_min_customers') }}
),

methods as (
    select
        'plain' as method,
        0 as is_adjusted
    union all
    select
        'cuped' as method,
        1 as is_adjusted
),

sloped as (
    select
        paired.*,
        methods.method,
        methods.is_adjusted * paired.slope as used_slope
    from paired
    cross join methods
),

-- Squared standard errors of the two means of outcome - slope * covariate.
adjusted as (
    select
        campaign_id,
        metric,
        method,
        treated_customers,
        control_customers,
        used_slope as slope,
        difference - used_slope * covariate_difference as estimate,
        greatest(
            0,
            treated_outcome_squares - 2 * used_slope * treated_products
            + used_slope * used_slope * treated_covariate_squares
        ) / (cast(treated_customers as {{ type_double() }}) * (treated_customers - 1)) as treated_error,
        greatest(
            0,
            control_outcome_squares - 2 * used_slope * control_products
            + used_slope * used_slope * control_covariate_squares
        ) / (cast(control_customers as {{ type_double() }}) * (control_customers - 1)) as control_error
    from sloped
),

-- Welch: the groups may have different variances. Where all customers did the same, there is nothing to judge.
estimated as (
    select
        campaign_id,
        metric,
        method,
        slope,
        estimate,
        sqrt(treated_error + control_error) as standard_error,
        (treated_error + control_error) * (treated_error + control_error) / (
            treated_error * treated_error / (treated_customers - 1)
            + control_error * control_error / (control_customers - 1)
        ) as degrees_of_freedom
    from adjusted
    where treated_error + control_error > 0
)

select * from estimated
