{% macro quarter_hours_around(first_day, last_day) -%}
    {{ return(adapter.dispatch('quarter_hours_around')(first_day, last_day)) }}
{%- endmacro %}

{#- Steps of elapsed time: in local time an hour could not come twice. No zone is a whole day away from UTC. -#}
{% macro default__quarter_hours_around(first_day, last_day) -%}
    generate_series(
        cast({{ first_day }} - 1 as timestamp) at time zone 'UTC',
        cast({{ last_day }} + 2 as timestamp) at time zone 'UTC',
        interval '15 minutes'
    )
{%- endmacro %}

{#- DuckDB makes a list of moments where PostgreSQL makes rows. -#}
{% macro duckdb__quarter_hours_around(first_day, last_day) -%}
    unnest({{ default__quarter_hours_around(first_day, last_day) }})
{%- endmacro %}

{#- As days, and in the session's own time zone, which is UTC. -#}
{% macro spark__quarter_hours_around(first_day, last_day) -%}
    explode(
        sequence(
            cast({{ first_day }} - 1 as timestamp), cast({{ last_day }} + 2 as timestamp), interval 15 minutes
        )
    )
{%- endmacro %}
