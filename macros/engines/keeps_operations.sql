{% macro keeps_operations() -%}
    {{ return(adapter.dispatch('keeps_operations')()) }}
{%- endmacro %}

{% macro default__keeps_operations() -%}
    {{ return(true) }}
{%- endmacro %}

{#- Tables of Parquet can be added to, but a call that has ended could not be written to its row. -#}
{% macro spark__keeps_operations() -%}
    {{ return(false) }}
{%- endmacro %}

{#-
    What records must never break a build, and of statements that nobody has run there it can't be said that they don't.
-#}
{% macro snowflake__keeps_operations() -%}
    {{ return(false) }}
{%- endmacro %}

{% macro bigquery__keeps_operations() -%}
    {{ return(false) }}
{%- endmacro %}

{% macro redshift__keeps_operations() -%}
    {{ return(false) }}
{%- endmacro %}
