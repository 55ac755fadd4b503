{#- The type of moments, as the loader stores them. -#}
{% macro type_moment() -%}
    {{ return(adapter.dispatch('type_moment')()) }}
{%- endmacro %}

{% macro default__type_moment() -%}
    timestamp with time zone
{%- endmacro %}
