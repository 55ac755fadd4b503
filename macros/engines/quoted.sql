{#- A value as a literal of SQL: NULL for none. A NUL, which no text of PostgreSQL can have, is left out. -#}
{% macro quoted(value) -%}
    {{ return(adapter.dispatch('quoted')(value)) }}
{%- endmacro %}

{% macro default__quoted(value) -%}
    {%- if value is none -%} null {%- else -%} '{{ (value | string).replace("'", "''").replace('\x00', '') }}' {%- endif -%}
{%- endmacro %}
