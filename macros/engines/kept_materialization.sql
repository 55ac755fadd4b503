{#- How a model is built that is kept from build to build, of which only what changed is made anew. -#}
{% macro kept_materialization() -%}
    {{ return(adapter.dispatch('kept_materialization')()) }}
{%- endmacro %}

{% macro default__kept_materialization() -%}
    {{ return('incremental') }}
{%- endmacro %}

{#- Tables of Parquet have neither update, delete nor merge, so each build makes them from nothing. -#}
{% macro spark__kept_materialization() -%}
    {{ return('table') }}
{%- endmacro %}

{#- Its tables are Delta's, which have all three. -#}
{% macro databricks__kept_materialization() -%}
    {{ return('incremental') }}
{%- endmacro %}

{#- BigQuery merges, but can neither add to a table nor replace rows by their key, and these models are of one piece. -#}
{% macro bigquery__kept_materialization() -%}
    {{ return('table') }}
{%- endmacro %}
