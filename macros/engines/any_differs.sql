{#- Condition that of two lists of columns some are not the same, where NULL is the same as NULL. -#}
{% macro any_differs(columns, others) -%}
    {{ return(adapter.dispatch('any_differs')(columns, others)) }}
{%- endmacro %}

{% macro postgres__any_differs(columns, others) -%}
    ({{ columns | join(', ') }}) is distinct from ({{ others | join(', ') }})
{%- endmacro %}

{% macro duckdb__any_differs(columns, others) -%}
    {{ postgres__any_differs(columns, others) }}
{%- endmacro %}

{#- Not every engine compares rows. -#}
{% macro default__any_differs(columns, others) -%}
    (
        {%- for column in columns %}
            {{ differs(column, others[loop.index0]) }}{{ ' or' if not loop.last }}
        {%- endfor %}
    )
{%- endmacro %}

{% macro redshift__any_differs(columns, others) -%}
    {{ default__any_differs(columns, others) }}
{%- endmacro %}
