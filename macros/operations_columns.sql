{#- Columns of a table of schema operations with their types; the first ones, up to `key`, make its key. -#}
{% macro operations_columns(table) %}
    {%- set columns = {
        'invocations': {
            'invocation_id': 'text',
            'command': 'text',
            'target_name': 'text',
            'status': 'text',
            'started_at': 'timestamptz',
            'finished_at': 'timestamptz',
        },
        'model_results': {
            'invocation_id': 'text',
            'unique_id': 'text',
            'model_name': 'text',
            'resource_type': 'text',
            'schema_name': 'text',
            'status': 'text',
            'seconds': 'numeric',
            'rows_affected': 'bigint',
        },
        'test_results': {
            'invocation_id': 'text',
            'unique_id': 'text',
            'test_name': 'text',
            'resource_type': 'text',
            'model_name': 'text',
            'severity': 'text',
            'status': 'text',
            'seconds': 'numeric',
            'failures': 'bigint',
        },
    } -%}
    {{ return(columns[table]) }}
{% endmacro %}
