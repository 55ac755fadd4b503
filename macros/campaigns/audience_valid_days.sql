{#- From the `meta` of an audience's model, which dbt knows when it runs, not when it parses. -#}
{% macro audience_valid_days(audience) -%}
    {{ graph.nodes['model.' ~ project_name ~ '.' ~ audience].config.meta.valid_days if execute else 1 }}
{%- endmacro %}
