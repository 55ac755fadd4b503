{#-
    The strategy `add` of dbt's incremental models: in rows that are there already, the columns that the model's meta
    calls `added_columns` grow by what it selects, and the others are replaced. A model that selected the new totals
    would read its whole table to find the old ones, and the merge would read it again.
-#}
{% macro get_incremental_add_sql(arg_dict) %}
    {%- set target = arg_dict['target_relation'] -%}
    {%- set keys = arg_dict['unique_key'] -%}
    {%- set added_columns = config.get('meta')['added_columns'] -%}
    {%- set columns = arg_dict['dest_columns'] | map(attribute='name') | list -%}
    {%- set statistics = gather_statistics(arg_dict['temp_relation']) | trim -%}
    {%- if statistics -%}
        {%- do run_query(statistics) -%}
    {%- endif %}
    merge into {{ target }}
    using {{ arg_dict['temp_relation'] }} as changes
        on
            {%- for key in keys %}
                {{ 'and ' if not loop.first }}{{ target.identifier }}.{{ key }} = changes.{{ key }}
            {%- endfor %}
    when matched then update set
        {%- for column in columns if column not in keys %}
            {{ column }} = {{ target.identifier ~ '.' ~ column ~ ' + ' if column in added_columns }}changes.{{ column }}
            {{- ',' if not loop.last }}
        {%- endfor %}
    when not matched then insert ({{ columns | join(', ') }})
        values (changes.{{ columns | join(', changes.') }})
{% endmacro %}
