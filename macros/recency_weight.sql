{#-
    What a purchase on `day` counts at `cutoff`: 1,048,576 (2^20) on the day itself, half of it after `half_life` days. A
    whole number, so that sums are exact and the same in whatever order rows are read.
-#}
{% macro recency_weight(day, cutoff, half_life) -%}
    cast(
        round(1048576 * power(0.5, cast({{ dbt.datediff(day, cutoff, 'day') }} as double precision) / {{ half_life }}))
        as integer
    )
{%- endmacro %}
