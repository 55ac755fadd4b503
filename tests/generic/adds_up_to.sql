{#- The column's sum equals that of a column of another model, to the cent; two empty sums are equal. -#}
{% test adds_up_to(model, column_name, to, field) %}
    with parts as (
        select round(coalesce(sum({{ column_name }}), 0), 2) as amount
        from {{ model }}
    ),

    totals as (
        select round(coalesce(sum({{ field }}), 0), 2) as amount
        from {{ to }}
    )

    select
        parts.amount as parts_amount,
        totals.amount as totals_amount
    from parts
    cross join totals
    where parts.amount is distinct from totals.amount
{% endtest %}
