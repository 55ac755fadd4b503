{#- A backslash begins an escape in Spark's literals. -#}
{% macro spark__quoted(value) -%}
    {{ default__quoted(value if value is none else (value | string).replace('\\', '\\\\')) }}
{%- endmacro %}
