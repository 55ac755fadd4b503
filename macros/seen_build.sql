{#-
    Number of the build whose lines an incremental model holds: the highest in these of its columns. A full refresh of
    the lines alone leaves nothing to tell what changed since, and must not go unnoticed.
-#}
{% macro seen_build(columns=['last_build']) -%}
    {%- set ns = namespace(build=0) -%}
    {%- if execute and is_incremental() -%}
        {%- set maxima = [] -%}
        {%- for column in columns -%}{%- do maxima.append('max(' ~ column ~ ')') -%}{%- endfor -%}
        {%- set highest -%}
            select coalesce({{ largest(maxima) }}, 0)
            from {{ this }}
        {%- endset -%}
        {%- set first = 'select coalesce(min(valid_from_build), 0) from ' ~ ref('int_transactions_versioned') -%}
        {%- set ns.build = run_query(highest).rows[0][0] | int -%}
        {%- if 0 < ns.build < (run_query(first).rows[0][0] | int) -%}
            {{ exceptions.raise_compiler_error(
                'int_transactions_versioned was built anew without ' ~ this.identifier
                ~ ', so what changed since is not known. Run dbt build --full-refresh.'
            ) }}
        {%- endif -%}
    {%- endif -%}
    {{ ns.build }}
{%- endmacro %}
