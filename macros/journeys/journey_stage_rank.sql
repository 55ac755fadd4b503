{#-
    The order of the stages. Of several facts at the same moment, the one with the highest stage comes last and decides.
-#}
{% macro journey_stage_rank(stage) -%}
    case {{ stage }} when 'lead' then 1 when 'prospect' then 2 when 'customer' then 3 when 'churned' then 4 end
{%- endmacro %}
