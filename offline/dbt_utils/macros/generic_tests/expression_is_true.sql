{#- An expression that is NULL passes, so write one that never is: "is not distinct from" instead of "=". -#}
{% test expression_is_true(model, expression, column_name=none) %}
    select {{ column_name if column_name is not none and should_store_failures() else '*' if should_store_failures() else '1' }}
    from {{ model }}
    where not ({{ column_name ~ ' ' if column_name is not none }}{{ expression }})
{% endtest %}
