{#-
    What a purchase on `day` counts at `cutoff`: 1,048,576 (2^20) on the day itself, half of it after `half_life` days. A
    whole number, so that sums are exact and the same in whatever order rows are read. Not `round`: engines differ in where
    a half goes.
-#}
{% macro recency_weight(day, cutoff, half_life) -%}
    cast(
        floor(
            0.5
            + 1048576 * power(0.5, cast({{ dbt.datediff(day, cutoff, 'day') }} as {{ type_double() }}) / {{ half_life }})
        )
        as integer
    )
{%- endmacro %}
