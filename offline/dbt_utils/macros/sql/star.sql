{% macro star(from, except=[]) -%}
    {%- set left_out = except | map('lower') | list -%}
    {%- set names = [] -%}
    {%- if execute -%}
        {%- for column in adapter.get_columns_in_relation(from) if column.name | lower not in left_out -%}
            {%- do names.append(adapter.quote(column.name)) -%}
        {%- endfor -%}
    {%- endif -%}
    {{ names | join(',\n        ') }}
{%- endmacro %}
