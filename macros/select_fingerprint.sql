{#-
    A query for one hash of all that the model is made of: its SQL and settings, the tables that it reads, directly or
    through views, and the definitions of these views. What is not known is random, so that it is never as it was.
-#}
{% macro select_fingerprint() %}
    {%- set inputs = {'tables': [], 'views': [], 'seeds': [], 'sources': [], 'times': []} -%}
    {%- do list_inputs(model, inputs) -%}
    {#- The numbers of builds, which are seconds since 1970, differ in the SQL of each build. -#}
    {%- set code = modules.re.sub('\\b\\d{10}\\b', 'build', sql) -%}
    {%- set settings = [model.config, model.columns, model.description] | string -%}
    select md5(string_agg(parts.part, ',' order by parts.part)) as fingerprint
    from (
        select '{{ local_md5(code ~ settings) }}' as part
        {%- for name in inputs.times %}
            union all
            select cast(gen_random_uuid() as text)
        {%- endfor %}
        {%- for name in inputs.tables | unique %}
            union all
            select {{ quoted(name) }} || coalesce(max(contents), cast(gen_random_uuid() as text))
            from {{ fingerprints_relation() }}
            where relation_name = {{ quoted(name) }}
        {%- endfor %}
        {%- for name in inputs.views | unique %}
            union all
            select {{ quoted(name) }} || coalesce(
                md5(pg_get_viewdef(to_regclass({{ quoted(name) }}))), cast(gen_random_uuid() as text)
            )
        {%- endfor %}
        {%- for name in inputs.seeds | unique %}
            union all
            select {{ quoted(name) }} || coalesce(md5(string_agg(cast(seed as text), ',' order by cast(seed as text))), '')
            from {{ name }} as seed
        {%- endfor %}
        {%- for name in inputs.sources | unique %}
            union all
            select concat_ws(
                ' ',
                {{ quoted(name) }},
                {#- The loader's word, and the server's, which comes some seconds later and knows of other writers too. #}
                (select max(finished_at) from {{ source('loader', 'loads') }} where table_name = {{ quoted(name) }}),
                pg_relation_filenode(to_regclass({{ quoted(name) }})),
                (
                    select concat_ws(' ', n_tup_ins, n_tup_upd, n_tup_del)
                    from pg_catalog.pg_stat_all_tables where relid = to_regclass({{ quoted(name) }})
                ),
                (select stats_reset from pg_catalog.pg_stat_database where datname = current_database())
            )
        {%- endfor %}
    ) as parts
{% endmacro %}
