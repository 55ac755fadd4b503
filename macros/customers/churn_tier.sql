{#-
    The churn tier for a number of days since the last purchase; NULL means no purchase yet, which is not a tier.
    `thresholds` is the row of int_churn_thresholds.
-#}
{% macro churn_tier(days_since_last_purchase, thresholds='thresholds') -%}
    case
        when {{ days_since_last_purchase }} is null then 'prospect'
        when {{ days_since_last_purchase }} <= {{ thresholds }}.medium_after_days then 'low'
        when {{ days_since_last_purchase }} <= {{ thresholds }}.high_after_days then 'medium'
        else 'high'
    end
{%- endmacro %}
