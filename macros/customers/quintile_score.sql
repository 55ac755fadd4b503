{#-
    Score 1 to 5 of a value by its rank among the rows of the same `within`, 5 for the highest fifth; order `desc` gives
    5 to the lowest. ntile() would split equal values by the physical order of the rows; here they share the score of
    their mean rank, so a lone row scores 3. With `lowest` 2 there are four scores, 2 to 5.
-#}
{% macro quintile_score(column, within, order='asc', lowest=1) -%}
    cast(
        {{ lowest }} + least({{ 5 - lowest }}, floor(
            {{ 6 - lowest }} * (
                2.0 * (rank() over (partition by {{ within }} order by {{ column }} {{ order }}) - 1)
                + count(*) over (partition by {{ within }}, {{ column }})
            ) / (2 * count(*) over (partition by {{ within }}))
        )) as integer
    )
{%- endmacro %}
