{#-
    How a contract compares types in DuckDB: by their family. Sums of whole numbers are wider there than in PostgreSQL,
    and decimals have as many digits as their operands ask for. What is written is converted to the contract's own type,
    or fails.
-#}
{% macro duckdb__format_column(column) -%}
    {%- set data_type = column.dtype | upper -%}
    {%- if data_type.startswith('DECIMAL') -%}
        {%- set family = 'DECIMAL' -%}
    {%- elif data_type in ('HUGEINT', 'BIGINT', 'INTEGER') -%}
        {%- set family = 'BIGINT' -%}
    {%- else -%}
        {%- set family = data_type -%}
    {%- endif -%}
    {{ return({'name': column.name, 'data_type': column.dtype, 'formatted': column.column | lower ~ ' ' ~ family}) }}
{%- endmacro %}
