{#- The order of the stages; of several facts at one moment, the one of the highest stage comes last and so decides. -#}
{% macro journey_stage_rank(stage) -%}
    case {{ stage }} when 'lead' then 1 when 'prospect' then 2 when 'customer' then 3 when 'churned' then 4 end
{%- endmacro %}
