{% macro version_hash(key, load_id) -%}
    {{ return(adapter.dispatch('version_hash')(key, load_id)) }}
{%- endmacro %}

{% macro postgres__version_hash(key, load_id) -%}
    (hashtextextended({{ key }}, {{ load_id }}) >> 20)
{%- endmacro %}

{#- Changes with the version of DuckDB at most, and all hours then count as changed once. -#}
{% macro duckdb__version_hash(key, load_id) -%}
    cast(hash({{ key }}, {{ load_id }}) >> 20 as bigint)
{%- endmacro %}

{% macro snowflake__version_hash(key, load_id) -%}
    bitshiftright(hash({{ key }}, {{ load_id }}), 20)
{%- endmacro %}

{% macro bigquery__version_hash(key, load_id) -%}
    (farm_fingerprint(concat({{ key }}, ' ', cast({{ load_id }} as string))) >> 20)
{%- endmacro %}

{% macro redshift__version_hash(key, load_id) -%}
    strtol(left(md5({{ key }} || ' ' || cast({{ load_id }} as varchar)), 11), 16)
{%- endmacro %}

{% macro spark__version_hash(key, load_id) -%}
    shiftright(xxhash64({{ key }}, {{ load_id }}), 20)
{%- endmacro %}
