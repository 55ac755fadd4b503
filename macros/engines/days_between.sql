{% macro days_between(first_day, last_day) -%}
    {{ return(adapter.dispatch('days_between')(first_day, last_day)) }}
{%- endmacro %}

{#- dbt.date_spine asks the database while it compiles, which fails before the first build; this is plain SQL. -#}
{% macro default__days_between(first_day, last_day) -%}
    cast(generate_series({{ first_day }}, {{ last_day }}, interval '1 day') as date)
{%- endmacro %}

{#- DuckDB makes a list of days where PostgreSQL makes rows. -#}
{% macro duckdb__days_between(first_day, last_day) -%}
    cast(unnest(generate_series({{ first_day }}, {{ last_day }}, interval '1 day')) as date)
{%- endmacro %}

{#- Spark makes an array of days, and counts backwards where the last is before the first. -#}
{% macro spark__days_between(first_day, last_day) -%}
    explode(case when {{ first_day }} <= {{ last_day }} then sequence({{ first_day }}, {{ last_day }}, interval 1 day) end)
{%- endmacro %}
