{#-
    Whether a line of this day counts. Without a pinned as-of date, that date is the last line's day, so every line
    does.
-#}
{% macro is_accepted(day) -%}
    ({{ pinned_as_of_date() }} is null or {{ day }} <= {{ pinned_as_of_date() }})
{%- endmacro %}
