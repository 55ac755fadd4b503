{#- The currency of var `currency` in upper case, NULL if it is not set. -#}
{% macro pinned_currency() -%}
    {%- set currency = var('currency') -%}
    {{ "'" ~ (currency | trim | upper) ~ "'" if currency else 'cast(null as ' ~ dbt.type_string() ~ ')' }}
{%- endmacro %}
