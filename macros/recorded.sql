{#-
    A table of schema operations; where it is missing, because the user may not make it, an empty one of its columns, so
    that a build does not break by it.
-#}
{% macro recorded(table) -%}
    {%- set relation = source('operations', table) -%}
    {%- if is_usable(relation) -%}
        {{ relation }}
    {%- else -%}
        (
            select
            {%- for name, type in operations_columns(table).items() %}
                {{ dbt.cast('null', type) }} as {{ name }}{{ ',' if not loop.last }}
            {%- endfor %}
            limit 0
        ) as nothing
    {%- endif -%}
{%- endmacro %}
