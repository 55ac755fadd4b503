{#- The loader derives the same identifier for a customers file without one: change both or neither. -#}
{% macro customer_id_from_email(column) -%}
    'email_' || {{ dbt.hash('lower(trim(' ~ column ~ '))') }}
{%- endmacro %}
