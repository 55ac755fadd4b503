{% macro seconds_between(started_at, finished_at) -%}
    {{ return(adapter.dispatch('seconds_between')(started_at, finished_at)) }}
{%- endmacro %}

{#- dbt.datediff counts boundaries passed; a load of half a second needs the fraction. -#}
{% macro default__seconds_between(started_at, finished_at) -%}
    extract(epoch from {{ finished_at }} - {{ started_at }})
{%- endmacro %}
