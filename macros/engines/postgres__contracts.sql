{#-
    A table with a contract is made `as select`, which PostgreSQL can run in parallel, as it never does dbt's own
    `insert ... select`. Casts give the columns the contract's types; `postgres__create_indexes` adds its constraints.
-#}
{% macro postgres__create_table_as(temporary, relation, sql) -%}
    {%- if temporary or not constraints_are_added() -%}
        {{ return(dbt.postgres__create_table_as(temporary, relation, sql)) }}
    {%- endif -%}
    {{ get_assert_columns_equivalent(sql) }}
    {{ config.get('sql_header') or '' }}
    create {{ 'unlogged ' if config.get('unlogged') }}table {{ relation }} as
    select
    {%- for column in model['columns'].values() %}
        {%- set name = contract_column(column) -%}
        {#- A table takes over the collation of its query too, where a contract means the database's. -#}
        {%- set collation = ' collate "default"' if column['data_type'] | lower == 'text' else '' %}
        cast({{ name }} as {{ column['data_type'] }}){{ collation }} as {{ name }}{{ ',' if not loop.last }}
    {%- endfor %}
    from (
        {{ sql }}
    ) as model_subq
{%- endmacro %}

{#-
    dbt calls this for a table that it has made, in the same transaction and before the former one gives way: a row that
    breaks a constraint fails the model and changes nothing. Indexes of keys are sorted at once then, in place of row by
    row. It is not in the statement that makes the table, as dbt takes the number of rows from the last one of those.
-#}
{% macro postgres__create_indexes(relation) -%}
    {%- set added = added_constraints() if constraints_are_added() else [] -%}
    {%- if added -%}
        {%- do run_query('alter table ' ~ relation ~ ' ' ~ added | join(', ')) -%}
    {%- endif -%}
    {{ return(default__create_indexes(relation)) }}
{%- endmacro %}

{#-
    dbt's own way remains for columns that say more than a constraint, such as a default, and for types that a cast does
    not treat as an insert: what is too long for varchar(3) it would cut.
-#}
{% macro constraints_are_added() -%}
    {%- if not config.get('contract').enforced -%}
        {{ return(false) }}
    {%- endif -%}
    {%- set types = [
        'text', 'smallint', 'integer', 'bigint', 'numeric', 'decimal', 'dec', 'double precision', 'boolean', 'date',
        'timestamp', 'timestamptz',
    ] -%}
    {%- set others = model['constraints'] | selectattr('type', 'equalto', 'custom') | list -%}
    {%- for column in model['columns'].values() -%}
        {%- if column['data_type'].split('(')[0] | trim | lower not in types -%}
            {%- do others.append(column) -%}
        {%- endif -%}
        {%- for constraint in column['constraints'] if constraint['type'] not in ('check', 'foreign_key') -%}
            {%- if constraint['type'] == 'custom' or constraint['expression'] -%}
                {%- do others.append(constraint) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(not others) }}
{%- endmacro %}

{#- What `alter table` does to give a table the constraints of its contract, with the names that dbt gives them. -#}
{% macro added_constraints() -%}
    {%- set added, constraints = [], [] -%}
    {%- for column in model['columns'].values() -%}
        {%- for constraint in column['constraints'] -%}
            {%- if constraint['type'] == 'not_null' -%}
                {%- do added.append('alter column ' ~ contract_column(column) ~ ' set not null') -%}
            {%- else -%}
                {#- dbt does not use the names of constraints that stand at a column. -#}
                {%- do constraints.append(dict(constraint, name=none, columns=[contract_column(column)])) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- for constraint in adapter.render_raw_model_constraints(constraints + model['constraints']) -%}
        {%- do added.append('add ' ~ constraint) -%}
    {%- endfor -%}
    {{ return(added) }}
{%- endmacro %}

{% macro contract_column(column) -%}
    {{ return(adapter.quote(column['name']) if column['quote'] else column['name']) }}
{%- endmacro %}

{#- dbt-redshift inherits what is PostgreSQL's, and asks for it before its own. -#}
{% macro redshift__create_table_as(temporary, relation, sql) -%}
    {{ return(dbt.redshift__create_table_as(temporary, relation, sql)) }}
{%- endmacro %}

{% macro redshift__create_indexes(relation) -%}
    {{ return(default__create_indexes(relation)) }}
{%- endmacro %}
