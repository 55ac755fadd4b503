{#- Seconds from one moment to another, with their fraction; dbt.datediff counts the boundaries between them. -#}
{% macro seconds_between(started_at, finished_at) -%}
    {{ return(adapter.dispatch('seconds_between')(started_at, finished_at)) }}
{%- endmacro %}

{% macro default__seconds_between(started_at, finished_at) -%}
    extract(epoch from {{ finished_at }} - {{ started_at }})
{%- endmacro %}
