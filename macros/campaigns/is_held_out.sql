{#-
    Whether a customer belongs to the share of a list that is held out. The first 8 hexadecimal digits of the hash are
    compared as text, so that no engine has to convert them: digits sort before letters in every collation.
-#}
{% macro is_held_out(list, customer_id, share) -%}
    left({{ dbt.hash("'" ~ list ~ ":' || " ~ customer_id) }}, 8)
    < '{{ 'g' if share >= 1 else '%08x' % (share * 4294967296) | int }}'
{%- endmacro %}
