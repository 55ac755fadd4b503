{#- From the `meta` of an audience's model, which dbt knows when it runs, not when it parses. -#}
{% macro audience_hold_out_share(audience) -%}
    {{ graph.nodes['model.' ~ project_name ~ '.' ~ audience].config.meta.hold_out_share if execute else 0 }}
{%- endmacro %}
