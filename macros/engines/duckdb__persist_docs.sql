{#-
    Writes the descriptions of a model with a contract in one query. The contract has seen to it that the columns are
    there; dbt and the library ask for them once more each, which takes more time than the descriptions.
-#}
{% macro duckdb__persist_docs(relation, model, for_relation, for_columns) -%}
    {%- if not config.get('contract').enforced -%}
        {{ return(default__persist_docs(relation, model, for_relation, for_columns)) }}
    {%- endif -%}
    {%- set comments = [] -%}
    {%- if for_relation and config.persist_relation_docs() and model.description -%}
        {%- do comments.append((relation.type ~ ' ' ~ relation, model.description)) -%}
    {%- endif -%}
    {%- if for_columns and config.persist_column_docs() -%}
        {%- for column in model.columns.values() -%}
            {%- set name = adapter.quote(column.name) if column.quote else column.name -%}
            {%- do comments.append(('column ' ~ relation ~ '.' ~ name, column.description)) -%}
        {%- endfor -%}
    {%- endif -%}
    {%- set statements -%}
        {%- for object, description in comments %}
            comment on {{ object }} is {{ quoted(description) }};
        {%- endfor -%}
    {%- endset -%}
    {%- do run_query(statements) if comments -%}
{%- endmacro %}
