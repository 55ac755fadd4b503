{#- dbt's own table, but left as it is while what it is made of is as it was. -#}
{% materialization table, adapter='postgres' %}
    {{ return(build_unless_unchanged(dbt.materialization_table_default)) }}
{% endmaterialization %}

{#- Made under its own name at once, where the library makes another table, renames two and drops one. -#}
{% materialization table, adapter='duckdb' %}
    {{ return(build_in_place('table')) }}
{% endmaterialization %}
