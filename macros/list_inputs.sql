{#- Adds what a node is made of to the lists by kind; views are followed to what they read. -#}
{% macro list_inputs(node, inputs) %}
    {%- if node.config.meta.get('changes_with_time') -%}
        {%- do inputs.times.append(node.name) -%}
    {%- endif -%}
    {%- for unique_id in node.depends_on.nodes -%}
        {%- set parent = graph.sources.get(unique_id) or graph.nodes[unique_id] -%}
        {%- if parent.resource_type == 'source' -%}
            {%- do inputs.sources.append(parent.schema ~ '.' ~ parent.identifier) -%}
        {%- else -%}
            {%- set name = parent.relation_name -%}
            {%- if parent.resource_type == 'seed' -%}
                {%- do inputs.seeds.append(name) -%}
            {%- elif parent.config.materialized == 'view' -%}
                {%- do inputs.views.append(name) -%}
                {%- do list_inputs(parent, inputs) -%}
            {%- else -%}
                {%- do inputs.tables.append(name) -%}
            {%- endif -%}
        {%- endif -%}
    {%- endfor -%}
{% endmacro %}
