{#-
    Builds the model with a materialization of dbt's, unless its table is there and was built of the same inputs. What a
    table was built of is forgotten before it is built and written down after, so that a failure is no reason to keep it;
    and it is known by its number, so that a table which others put in its place is no such table either.
-#}
{% macro build_unless_unchanged(materialize) %}
    {%- set fingerprints = fingerprints_relation() -%}
    {%- if not is_usable(fingerprints, ['select', 'insert', 'delete']) -%}
        {{ return(materialize()) }}
    {%- endif -%}

    {%- set is_this = 'relation_name = ' ~ quoted(this) -%}
    {%- set table_number = 'cast(to_regclass(' ~ quoted(this) ~ ') as oid)' -%}
    {%- set found = run_query(
        'select inputs.fingerprint, former.inputs, former.contents from (' ~ select_fingerprint() ~ ') as inputs left join '
        ~ fingerprints ~ ' as former on former.' ~ is_this ~ ' and former.table_number = ' ~ table_number
    ).rows[0] -%}

    {%- if found['inputs'] == found['fingerprint'] and not should_full_refresh() -%}
        {%- call noop_statement('main', 'UNCHANGED') -%} select 'unchanged' {%- endcall -%}
        {{ return({'relations': [this]}) }}
    {%- endif -%}

    {%- do run_query('delete from ' ~ fingerprints ~ ' where ' ~ is_this) -%}
    {%- set result = materialize() -%}
    {#- Who reads a table that was built on and took no row finds in it what was there before. -#}
    {%- set is_untouched = is_incremental() and load_result('main')['response'].rows_affected == 0 -%}
    {%- set contents = is_untouched and found['contents'] or found['fingerprint'] -%}
    {%- do run_query(
        'insert into ' ~ fingerprints ~ ' (relation_name, table_number, inputs, contents) values (' ~ quoted(this) ~ ', '
        ~ [table_number, quoted(found['fingerprint']), quoted(contents)] | join(', ') ~ ')'
    ) -%}
    {{ return(result) }}
{% endmacro %}
