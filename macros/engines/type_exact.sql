{#- The type of decimal numbers. -#}
{% macro type_exact(precision, scale) -%}
    {{ return(adapter.dispatch('type_exact')(precision, scale)) }}
{%- endmacro %}

{% macro default__type_exact(precision, scale) -%}
    numeric({{ precision }}, {{ scale }})
{%- endmacro %}

{#- NUMERIC has 9 digits behind the point at most. -#}
{% macro bigquery__type_exact(precision, scale) -%}
    {{ 'bignumeric' if scale > 9 or precision - scale > 29 else 'numeric' }}({{ precision }}, {{ scale }})
{%- endmacro %}
