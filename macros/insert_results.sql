{#- One insert of all rows into a table of schema operations; nothing without rows. -#}
{% macro insert_results(table, rows) -%}
    {%- if rows -%}
        insert into {{ source('operations', table) }} ({{ operations_columns(table) | join(', ') }})
        values
        {% for row in rows -%}
            ({% for value in row %}{{ quoted(value) }}{{ ', ' if not loop.last }}{% endfor %}){{ ',' if not loop.last }}
        {% endfor -%};
    {%- endif -%}
{%- endmacro %}
