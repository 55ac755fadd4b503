{#- As tables are made there. -#}
{% materialization view, adapter='duckdb' %}
    {{ return(build_in_place('view')) }}
{% endmaterialization %}
