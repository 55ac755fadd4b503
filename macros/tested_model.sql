{#- Name of the model or source that a test is about: the one that it stands under, else the first one it reads. -#}
{% macro tested_model(test) -%}
    {%- set found = test.tested_node_unique_id or test.attached_node or test.depends_on.nodes | first -%}
    {{ return(found.split('.')[2:] | join('.') if found else none) }}
{%- endmacro %}
