{#- Statements that make the tables of schema operations where they are missing, and remove what is too old in them. -#}
{% macro make_operations_tables() -%}
    {{ return(adapter.dispatch('make_operations_tables')()) }}
{%- endmacro %}

{#- Not `if not exists`: that asks for the right to create even where there is nothing to do. -#}
{% macro postgres__make_operations_tables() -%}
    {%- set invocations = source('operations', 'invocations') -%}
    if not exists (select from pg_catalog.pg_namespace where nspname = {{ quoted(invocations.schema) }}) then
        create schema {{ adapter.quote(invocations.schema) }};
    end if;
    {% for table in ('invocations', 'model_results', 'test_results') %}
        {%- set relation = source('operations', table) -%}
        if to_regclass({{ quoted(relation) }}) is null then
            create table {{ relation }} (
                {% for name, type in operations_columns(table).items() %} {{ name }} {{ type }}, {% endfor %}
                {% if table == 'invocations' %}
                    primary key (invocation_id)
                {% else %}
                    primary key (invocation_id, unique_id),
                    foreign key (invocation_id) references {{ invocations }} on delete cascade
                {% endif %}
            );
        end if;
    {% endfor %}
    delete from {{ invocations }} where {{ is_old_invocation() }};
{%- endmacro %}

{#- Without keys: no other engine deletes what refers to a row together with it. -#}
{% macro default__make_operations_tables() -%}
    {%- set invocations = source('operations', 'invocations') -%}
    create schema if not exists {{ adapter.quote(invocations.schema) }};
    {% for table in ('model_results', 'test_results', 'invocations') %}
        create table if not exists {{ source('operations', table) }} (
            {% for name, type in operations_columns(table).items() %} {{ name }} {{ type }}{{ ',' if not loop.last }}{% endfor %}
        );
    {% endfor %}
    {% for table in ('model_results', 'test_results') %}
        delete from {{ source('operations', table) }}
        where invocation_id in (select invocation_id from {{ invocations }} where {{ is_old_invocation() }});
    {% endfor %}
    delete from {{ invocations }} where {{ is_old_invocation() }};
{%- endmacro %}

{% macro is_old_invocation() -%}
    {{ seconds_between('started_at', dbt.current_timestamp()) }} > {{ 86400 * (var('build_history_days') | int) }}
{%- endmacro %}

{#- dbt-redshift inherits what is PostgreSQL's. -#}
{% macro redshift__make_operations_tables() -%}
    {{ default__make_operations_tables() }}
{%- endmacro %}
