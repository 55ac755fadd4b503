{#- An expression that is NULL passes, so write one that is not: "is not distinct from" in place of "=". -#}
{% test expression_is_true(model, expression, column_name=none) %}
    select {{ column_name if column_name is not none and should_store_failures() else '*' if should_store_failures() else '1' }}
    from {{ model }}
    where not ({{ column_name ~ ' ' if column_name is not none }}{{ expression }})
{% endtest %}
