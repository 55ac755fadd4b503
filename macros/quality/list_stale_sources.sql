{#-
    Raw tables whose newest row is older than the sources files allow (warn_after), so that the report and `dbt source
    freshness` follow one rule. A table that never had a row is not in use. Records of builds are not data.
-#}
{% macro list_stale_sources() %}
    {%- set watched = [] -%}
    {%- for source in (graph.sources or {}).values() if source.source_name != 'operations' -%}
        {%- set allowed = (source.freshness or {}).get('warn_after') or {} -%}
        {%- if source.loaded_at_field and allowed.get('count') -%}
            {%- do watched.append((source, allowed)) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- for source, allowed in watched %}
        select
            'stale_source' as check_name,
            '{{ source.schema }}.{{ source.name }}' as table_name,
            '{{ source.schema }}.{{ source.name }}' as item,
            'no new row for more than {{ allowed.count }} {{ allowed.period }}s' as reason,
            cast(null as {{ dbt.type_numeric() }}) as amount
        from {{ source.relation_name }}
        having {{ seconds_between('max(' ~ source.loaded_at_field ~ ')', dbt.current_timestamp()) }}
            > {{ allowed.count * {'minute': 60, 'hour': 3600, 'day': 86400}[allowed.period] }}
        {{ 'union all' if not loop.last }}
    {%- else %}
        select
            cast(null as {{ dbt.type_string() }}) as check_name,
            cast(null as {{ dbt.type_string() }}) as table_name,
            cast(null as {{ dbt.type_string() }}) as item,
            cast(null as {{ dbt.type_string() }}) as reason,
            cast(null as {{ dbt.type_numeric() }}) as amount
        limit 0
    {%- endfor %}
{% endmacro %}
