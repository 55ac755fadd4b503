{#- Schemas have exactly the names in dbt_project.yml; only target dev may add a prefix to them. -#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {%- set schema_name = (custom_schema_name or target.schema) | trim -%}
    {%- set prefix = env_var('DBT_SCHEMA_PREFIX', '') | trim -%}
    {{- prefix ~ '_' ~ schema_name if target.name == 'dev' and prefix else schema_name -}}
{%- endmacro %}
