{#- The columns of a contract as DuckDB is to make them: numbers of any number of digits as the loader stores them. -#}
{% macro duckdb__get_table_columns_and_constraints() -%}
    {%- set columns = {} -%}
    {%- for name, column in model['columns'].items() -%}
        {%- set data_type = 'decimal(38, 10)' if column['data_type'] in ('numeric', 'dec') else column['data_type'] -%}
        {%- do columns.update({name: dict(column, data_type=data_type)}) -%}
    {%- endfor -%}
    (
        {{
            (
                adapter.render_raw_columns_constraints(raw_columns=columns)
                + adapter.render_raw_model_constraints(raw_constraints=model['constraints'])
            ) | join(', ')
        }}
    )
{%- endmacro %}
