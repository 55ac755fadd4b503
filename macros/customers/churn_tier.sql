{#- The tier of a customer who bought last so many days ago; NULL days, so no purchase yet, is no tier. -#}
{% macro churn_tier(days_since_last_purchase) -%}
    case
        when {{ days_since_last_purchase }} is null then 'prospect'
        when {{ days_since_last_purchase }} <= {{ var('churn_medium_after_days') }} then 'low'
        when {{ days_since_last_purchase }} <= {{ var('churn_high_after_days') }} then 'medium'
        else 'high'
    end
{%- endmacro %}
