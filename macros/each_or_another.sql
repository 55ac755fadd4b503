{#- The values, each with those after it in its place where it is NULL, so that all are NULL or none. -#}
{% macro each_or_another(values) -%}
    {%- for value in values -%}
        coalesce({{ (values[loop.index0:] + values[:loop.index0]) | join(', ') }}){{ ', ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}
