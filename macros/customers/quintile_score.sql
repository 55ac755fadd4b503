{#-
    Score 1 to 5 of a value among all rows, 5 for the highest fifth; order `desc` gives 5 to the lowest. ntile() would
    split equal values by the physical order of the rows; here they share the score of their mean rank. `within` limits
    the comparison to rows with the same value in that column.
-#}
{% macro quintile_score(column, order='asc', within=none) -%}
    {%- set partition = 'partition by ' ~ within if within else '' -%}
    cast(
        1 + least(4, floor(
            5.0 * (
                2 * (rank() over ({{ partition }} order by {{ column }} {{ order }}) - 1)
                + count(*) over (partition by {{ [within, column] | select | join(', ') }}) - 1
            ) / (2 * count(*) over ({{ partition }}))
        )) as integer
    )
{%- endmacro %}
