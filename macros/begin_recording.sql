{#- Makes the tables of schema operations where they are missing, and records that an invocation began (on-run-start). -#}
{% macro begin_recording() %}
    {%- if execute and records_operations() -%}
        {%- set invocations = source('operations', 'invocations') -%}
        {%- set statements -%}
            -- Not `if not exists`: that asks for the right to create even where there is nothing to do.
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
            delete from {{ invocations }}
            where started_at < {{ dbt.dateadd('day', -(var('build_history_days') | int), 'current_timestamp') }};
            insert into {{ invocations }} (invocation_id, command, target_name, status, started_at)
            values (
                {{ quoted(invocation_id) }}, {{ quoted(flags.WHICH) }}, {{ quoted(target.name) }}, 'running',
                {{ quoted(run_started_at.isoformat()) }}
            );
        {%- endset -%}
        {{ attempt(statements) }}
    {%- endif -%}
{% endmacro %}
