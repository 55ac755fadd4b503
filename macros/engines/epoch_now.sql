{#- Whole seconds since 1970 by the database's clock when the statement's transaction began. -#}
{% macro epoch_now() -%}
    {{ return(adapter.dispatch('epoch_now')()) }}
{%- endmacro %}

{% macro default__epoch_now() -%}
    cast(extract(epoch from current_timestamp) as bigint)
{%- endmacro %}

{% macro snowflake__epoch_now() -%}
    date_part(epoch_second, current_timestamp())
{%- endmacro %}

{% macro bigquery__epoch_now() -%}
    unix_seconds(current_timestamp())
{%- endmacro %}

{% macro redshift__epoch_now() -%}
    cast(extract(epoch from getdate()) as bigint)
{%- endmacro %}

{% macro spark__epoch_now() -%}
    unix_timestamp()
{%- endmacro %}
