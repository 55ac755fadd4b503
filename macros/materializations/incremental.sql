{#- dbt's own incremental table, but left as it is while what it is made of is as it was. -#}
{% materialization incremental, adapter='postgres' %}
    {{ return(build_unless_unchanged(dbt.materialization_incremental_default)) }}
{% endmaterialization %}

{#- dbt-redshift inherits materializations too, and has no incremental one of its own. -#}
{% materialization incremental, adapter='redshift' %}
    {{ return(dbt.materialization_incremental_default()) }}
{% endmaterialization %}
