{#- A number or a day as text: not every engine makes it one by itself where it is joined to a text. -#}
{% macro as_text(value) -%}
    cast({{ value }} as {{ dbt.type_string() }})
{%- endmacro %}
