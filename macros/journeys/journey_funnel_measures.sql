{#- The columns of a funnel, so that the funnels of all users and those by plan have the same ones. -#}
{% macro journey_funnel_measures() -%}
    count(*) as leads,
    count(first_prospect_at) as prospects,
    count(first_customer_at) as customers,
    count(first_churned_at) as churned,
    count(first_returned_at) as returned,
    {%- set rates = {
        'lead_to_prospect_rate': ('first_prospect_at', 'user_id'),
        'prospect_to_customer_rate': ('first_customer_at', 'first_prospect_at'),
        'lead_to_churned_rate': ('first_churned_at', 'user_id'),
    } %}
    {%- for name, (reached, of) in rates.items() %}
    {{ rounded_quotient('count(' ~ reached ~ ') * 1.0', 'nullif(count(' ~ of ~ '), 0)', 9, 6) }} as {{ name }},
    {%- endfor %}
    {%- for days in ['days_to_prospect', 'days_prospect_to_customer', 'days_to_customer', 'days_customer_to_churned'] %}
    cast(percentile_cont(0.5) within group (order by {{ days }}) as numeric(9, 1)) as median_{{ days }}
    {{- ',' if not loop.last }}
    {%- endfor %}
{%- endmacro %}
