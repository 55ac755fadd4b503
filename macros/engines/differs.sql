{#- Condition that two values are not the same, where NULL is the same as NULL. -#}
{% macro differs(value, other) -%}
    {{ return(adapter.dispatch('differs')(value, other)) }}
{%- endmacro %}

{% macro default__differs(value, other) -%}
    {{ value }} is distinct from {{ other }}
{%- endmacro %}

{#- Redshift has no `is distinct from`. -#}
{% macro redshift__differs(value, other) -%}
    (case when {{ value }} = {{ other }} or ({{ value }} is null and {{ other }} is null) then false else true end)
{%- endmacro %}
