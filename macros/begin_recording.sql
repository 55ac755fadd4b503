{#- Makes the tables of schema operations where they are missing, and records that an invocation began (on-run-start). -#}
{% macro begin_recording() %}
    {%- if execute and records_operations() -%}
        {%- set invocations = source('operations', 'invocations') -%}
        {%- set statements -%}
            {{ make_operations_tables() }}
            insert into {{ invocations }} (invocation_id, command, target_name, status, started_at)
            values (
                {{ quoted(invocation_id) }}, {{ quoted(flags.WHICH) }}, {{ quoted(target.name) }}, 'running',
                {{ quoted(run_started_at.isoformat()) }}
            );
        {%- endset -%}
        {{ attempt(statements) }}
    {%- endif -%}
{% endmacro %}
