{#- Records what became of each model and test, and that the invocation ended (on-run-end). -#}
{% macro record_results(results) %}
    {%- if execute and records_operations() -%}
        {%- set models, tests, failed = [], [], [] -%}
        {%- for result in results -%}
            {%- set node, status = result.node, result.status | string -%}
            {%- set seconds = '%.3f' | format(result.execution_time) -%}
            {%- if status in ('error', 'fail', 'runtime error', 'partial success') -%}
                {%- do failed.append(node.unique_id) -%}
            {%- endif -%}
            {%- if node.resource_type in ('model', 'seed', 'snapshot') -%}
                {%- set affected = result.adapter_response.get('rows_affected') -%}
                {%- do models.append([
                    invocation_id, node.unique_id, node.name, node.resource_type, node.schema, status, seconds,
                    affected if affected is not none and affected >= 0 else none,
                ]) -%}
            {%- elif node.resource_type in ('test', 'unit_test') -%}
                {%- do tests.append([
                    invocation_id, node.unique_id, node.name, node.resource_type, tested_model(node),
                    (node.config.severity or 'error') | lower, status, seconds, result.failures,
                ]) -%}
            {%- endif -%}
        {%- endfor -%}
        {%- set statements -%}
            {{ insert_results('model_results', models) }}
            {{ insert_results('test_results', tests) }}
            update {{ source('operations', 'invocations') }}
            set finished_at = {{ quoted(modules.datetime.datetime.now(modules.pytz.utc).isoformat()) }}, status = '{{ "failed" if failed else "succeeded" }}'
            where invocation_id = {{ quoted(invocation_id) }};
        {%- endset -%}
        {{ attempt(statements) }}
    {%- endif -%}
{% endmacro %}
