{#- Whether the command makes or tests something, so that it is recorded; compile, docs and show are not. -#}
{% macro records_operations() -%}
    {{ return(flags.WHICH in ('build', 'run', 'test', 'seed', 'snapshot', 'retry') and keeps_operations()) }}
{%- endmacro %}
