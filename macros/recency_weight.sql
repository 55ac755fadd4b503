{#-
    What a purchase on `day` counts: 1,048,576 (2^20) on `weight_date`, half of it `half_life` days before. A whole number,
    so that sums are exact and the same in whatever order rows are read. Not `round`: engines differ in where a half goes.
-#}
{% macro recency_weight(day, weight_date, half_life) -%}
    cast(
        floor(
            0.5
            + 1048576 * power(0.5, cast({{ dbt.datediff(day, weight_date, 'day') }} as {{ type_double() }}) / {{ half_life }})
        )
        as integer
    )
{%- endmacro %}
