{%- set metrics = ['revenue', 'orders', 'buyers'] -%}

with campaign_customers as (
    select * from {{ ref('int_campaign_customers') }}
    where role <> 'other'
),

listed as (
    {% for metric in metrics %}
        select
            campaign_id,
            '{{ metric }}' as metric,
            role,
            cast({{ metric }} as {{ type_double() }}) as outcome,
            cast({{ metric }}_before as {{ type_double() }}) as covariate
        from campaign_customers
        {{ 'union all' if not loop.last }}
    {% endfor %}
),

-- Sums of squares around the mean: those around 0 would lose digits.
centred as (
    select
        campaign_id,
        metric,
        role,
        outcome,
        covariate,
        outcome - avg(outcome) over (partition by campaign_id, metric, role) as outcome_rest,
        covariate - avg(covariate) over (partition by campaign_id, metric, role) as covariate_rest
    from listed
),

grouped as (
    select
        campaign_id,
        metric,
        role,
        count(*) as customers,
        avg(outcome) as outcome_mean,
        avg(covariate) as covariate_mean,
        sum(outcome_rest * outcome_rest) as outcome_squares,
        sum(covariate_rest * covariate_rest) as covariate_squares,
        sum(outcome_rest * covariate_rest) as products
    from centred
    group by campaign_id, metric, role
)

select * from grouped
