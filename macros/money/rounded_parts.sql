{#-
    Rounds the parts of a sum so that they add up to the rounded sum: each part is the step of the rounded running total.
    Parts without fractions of a cent are unchanged; others are at most one cent off.
-#}
{% macro rounded_parts(amount, order_by, partition_by=none) -%}
    {%- set parts = ('partition by ' ~ partition_by ~ ' ' if partition_by else '') ~ 'order by ' ~ order_by -%}
    cast(
        round(sum({{ amount }}) over ({{ parts }} rows between unbounded preceding and current row), 2)
        - round(
            coalesce(
                sum({{ amount }}) over ({{ parts }} rows between unbounded preceding and 1 preceding), 0
            ), 2
        ) as numeric(18, 2)
    )
{%- endmacro %}
