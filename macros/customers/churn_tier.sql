{#- The churn tier for a number of days since the last purchase; NULL means no purchase yet, which is not a tier. -#}
{% macro churn_tier(days_since_last_purchase) -%}
    case
        when {{ days_since_last_purchase }} is null then 'prospect'
        when {{ days_since_last_purchase }} <= {{ var('churn_medium_after_days') }} then 'low'
        when {{ days_since_last_purchase }} <= {{ var('churn_high_after_days') }} then 'medium'
        else 'high'
    end
{%- endmacro %}
