{% macro join_by_hash() -%}
    {{ return(adapter.dispatch('join_by_hash')()) }}
{%- endmacro %}

{#-
    PostgreSQL takes a key of two columns for no more telling than the better one of them, and rather sorts all pairs than
    hashes them. What 1 % of lines changed of 8 million pairs was merged in 11.4 s, and is in 4.8 s by hash. And what comes
    sorted by product jumps about in a hash of customers: co-purchases took 6.8 s, and take 3.9. Other work ran beside these.
-#}
{% macro postgres__join_by_hash() -%}
    set local enable_mergejoin = off
{%- endmacro %}

{#- Other engines join by hash on their own. -#}
{% macro default__join_by_hash() -%}
{%- endmacro %}

{#- dbt-redshift inherits what is PostgreSQL's. -#}
{% macro redshift__join_by_hash() -%}
    {{ default__join_by_hash() }}
{%- endmacro %}
