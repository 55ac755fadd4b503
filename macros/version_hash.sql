{% macro version_hash(key, load_id) -%}
    {{ return(adapter.dispatch('version_hash')(key, load_id)) }}
{%- endmacro %}

{% macro postgres__version_hash(key, load_id) -%}
    (hashtextextended({{ key }}, {{ load_id }}) >> 20)
{%- endmacro %}
