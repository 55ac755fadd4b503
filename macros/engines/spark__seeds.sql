{#- One statement with the rows as text: dbt-spark's own breaks on an apostrophe, and makes a file for each batch. -#}
{% macro spark__create_csv_table(model, agate_table) %}
    {%- set types = model['config'].get('column_types', {}) -%}
    {%- set statement -%}
        create table {{ this }} using parquet as
        select
        {%- for name in agate_table.column_names %}
            {{ dbt.cast(name, types.get(name, 'text')) }} as {{ name }}{{ ',' if not loop.last }}
        {%- endfor %}
        from values
        {%- for row in agate_table.rows %}
            ({% for value in row %}{{ quoted(value) }}{{ ', ' if not loop.last }}{% endfor %}){{ ',' if not loop.last }}
        {%- endfor %}
        as seed ({{ agate_table.column_names | join(', ') }})
    {%- endset -%}
    {%- do run_query(statement) -%}
    {{ return(statement) }}
{% endmacro %}

{% macro spark__load_csv_rows(model, agate_table) %}
    {{ return('') }}
{% endmacro %}
