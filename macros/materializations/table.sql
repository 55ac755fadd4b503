{#- dbt's own table, but left as it is while what it is made of is as it was. -#}
{% materialization table, adapter='postgres' %}
    {{ return(build_unless_unchanged(dbt.materialization_table_default)) }}
{% endmaterialization %}
