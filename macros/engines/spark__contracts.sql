{#- A type of a contract in Spark's words; numbers of any number of digits are as the loader stores them. -#}
{% macro spark_type(type) -%}
    {%- set types = {
        'text': 'string',
        'jsonb': 'string',
        'bytea': 'binary',
        'timestamptz': 'timestamp',
        'numeric': 'decimal(38, 10)',
        'dec': 'decimal(38, 10)',
    } -%}
    {{ return(types.get(type | lower, type)) }}
{%- endmacro %}

{% macro spark__cast(field, type) -%}
    cast({{ field }} as {{ spark_type(type) }})
{%- endmacro %}

{#- How a contract compares types: by their family, as what is written is converted to the contract's own type. -#}
{% macro spark__format_column(column) -%}
    {%- set data_type = column.dtype | lower -%}
    {%- if data_type.startswith('decimal') -%}
        {%- set family = 'decimal' -%}
    {%- elif data_type in ('int', 'bigint') -%}
        {%- set family = 'bigint' -%}
    {%- else -%}
        {%- set family = data_type -%}
    {%- endif -%}
    {{ return({'name': column.name, 'data_type': data_type, 'formatted': column.column | lower ~ ' ' ~ family}) }}
{%- endmacro %}

{#- A table takes the types of its query, so the query gives each column the contract's; dbt's selects names alone. -#}
{% macro spark__get_select_subquery(sql) %}
    select
    {%- for name, column in model['columns'].items() %}
        {{ dbt.cast(adapter.quote(name), column['data_type']) }} as {{ adapter.quote(name) }}{{ ',' if not loop.last }}
    {%- endfor %}
    from (
        {{ sql }}
    ) as model_subq
{% endmacro %}
