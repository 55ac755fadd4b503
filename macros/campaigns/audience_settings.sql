{#- The `meta` of an audience's model: hold_out_share and valid_days. dbt has it when it runs, not when it parses. -#}
{% macro audience_settings(audience) -%}
    {{ return(
        graph.nodes['model.' ~ project_name ~ '.' ~ audience].config.meta
        if execute else {'hold_out_share': 0, 'valid_days': 1}
    ) }}
{%- endmacro %}
