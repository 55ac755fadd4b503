{#-
    Builds the model with a materialization of dbt's, unless its table is there and was built of the same inputs. What a
    table was built of is forgotten before it is built and written down after, so that a failure is no reason to keep it.
-#}
{% macro build_unless_unchanged(materialize) %}
    {%- set fingerprints = fingerprints_relation() -%}
    {%- set is_this = 'relation_name = ' ~ quoted(this) -%}
    {%- set kept = load_cached_relation(this) -%}
    {%- set found = run_query(
        'select inputs.fingerprint, former.inputs, former.contents from (' ~ select_fingerprint() ~ ') as inputs left join '
        ~ fingerprints ~ ' as former on former.' ~ is_this
    ).rows[0] -%}

    {%- if kept is not none and kept.is_table and found['inputs'] == found['fingerprint'] and not should_full_refresh() -%}
        {%- call noop_statement('main', 'UNCHANGED') -%} select 'unchanged' {%- endcall -%}
        {{ return({'relations': [this]}) }}
    {%- endif -%}

    {%- do run_query('delete from ' ~ fingerprints ~ ' where ' ~ is_this) -%}
    {%- set result = materialize() -%}
    {#- Who reads a table that was built on and took no row finds in it what was there before. -#}
    {%- set is_built_on = config.get('materialized') == 'incremental' and kept is not none and not should_full_refresh() -%}
    {%- set is_untouched = is_built_on and load_result('main')['response'].rows_affected == 0 -%}
    {%- set contents = is_untouched and found['contents'] or found['fingerprint'] -%}
    {%- do run_query(
        'insert into ' ~ fingerprints ~ ' (relation_name, inputs, contents) values ('
        ~ [quoted(this), quoted(found['fingerprint']), quoted(contents)] | join(', ') ~ ')'
    ) -%}
    {{ return(result) }}
{% endmacro %}
