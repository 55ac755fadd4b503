{#- Nothing can be said of the growth from nothing, or from a period in which more was refunded than sold. -#}
{% macro growth(amount, base) -%}
    {{ rounded_quotient('(' ~ amount ~ ' - ' ~ base ~ ')', 'case when ' ~ base ~ ' > 0 then ' ~ base ~ ' end', 18, 6) }}
{%- endmacro %}
