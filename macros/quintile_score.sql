{#-
    Score 1 to 5 of a value among all rows, 5 for the highest fifth; order `desc` gives 5 to the lowest. Unlike ntile(),
    which splits equal values by the rows' physical order, equal values share the score of their mean rank.
-#}
{% macro quintile_score(column, order='asc') -%}
    cast(
        1 + least(4, floor(
            5.0 * (
                2 * (rank() over (order by {{ column }} {{ order }}) - 1)
                + count(*) over (partition by {{ column }}) - 1
            ) / (2 * count(*) over ())
        )) as integer
    )
{%- endmacro %}
