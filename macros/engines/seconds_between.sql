{% macro seconds_between(started_at, finished_at) -%}
    {{ return(adapter.dispatch('seconds_between')(started_at, finished_at)) }}
{%- endmacro %}

{#- dbt.datediff counts boundaries passed; a load of half a second needs the fraction. -#}
{% macro default__seconds_between(started_at, finished_at) -%}
    extract(epoch from {{ finished_at }} - {{ started_at }})
{%- endmacro %}

{% macro snowflake__seconds_between(started_at, finished_at) -%}
    timestampdiff(millisecond, {{ started_at }}, {{ finished_at }}) / 1000
{%- endmacro %}

{% macro bigquery__seconds_between(started_at, finished_at) -%}
    timestamp_diff({{ finished_at }}, {{ started_at }}, millisecond) / 1000
{%- endmacro %}

{% macro redshift__seconds_between(started_at, finished_at) -%}
    datediff(millisecond, {{ started_at }}, {{ finished_at }}) / 1000.0
{%- endmacro %}

{#- A difference of moments is an interval in Spark, of which nothing tells the seconds as a whole. -#}
{% macro spark__seconds_between(started_at, finished_at) -%}
    (unix_micros({{ finished_at }}) - unix_micros({{ started_at }})) / 1e6
{%- endmacro %}
