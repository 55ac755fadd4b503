{#- Whether the command makes or tests something, so that it is recorded; compile, docs and show are not. -#}
{% macro records_operations() -%}
    {{ return(flags.WHICH in ('build', 'run', 'test', 'seed', 'snapshot', 'retry') and keeps_operations()) }}
{%- endmacro %}

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

{% macro databricks__keeps_operations() -%}
    {{ return(true) }}
{%- endmacro %}
