{#- An aggregate: the median of a column, interpolated. -#}
{% macro median(column) -%}
    {{ return(adapter.dispatch('median')(column)) }}
{%- endmacro %}

{% macro default__median(column) -%}
    percentile_cont(0.5) within group (order by {{ column }})
{%- endmacro %}

{#- BigQuery has percentile_cont as a window function alone: the mean of the two in the middle, which may be one. -#}
{% macro bigquery__median(column) -%}
    (
        array_agg({{ column }} ignore nulls order by {{ column }})[safe_offset(div(count({{ column }}) - 1, 2))]
        + array_agg({{ column }} ignore nulls order by {{ column }})[safe_offset(div(count({{ column }}), 2))]
    ) / 2
{%- endmacro %}
