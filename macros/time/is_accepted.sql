{#- Whether a line of this day counts: with no as-of date pinned, the last line's own day is it, so every line does. -#}
{% macro is_accepted(day) -%}
    ({{ pinned_as_of_date() }} is null or {{ day }} <= {{ pinned_as_of_date() }})
{%- endmacro %}
