{#- Growth from nothing, or from a period with more refunds than sales, is undefined. -#}
{% macro growth(amount, base) -%}
    {{ rounded_quotient('(' ~ amount ~ ' - ' ~ base ~ ')', 'case when ' ~ base ~ ' > 0 then ' ~ base ~ ' end', 18, 6) }}
{%- endmacro %}
