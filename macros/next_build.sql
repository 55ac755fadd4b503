{#-
    Number of the build under way, for the versions of lines: higher than any before in the table, even when it was
    dropped in between, as the seconds since 1970 are.
-#}
{% macro next_build() -%}
    {%- if is_incremental() -%}
        (select {{ largest([epoch_now(), 'max(valid_from_build) + 1', 'max(valid_to_build) + 1']) }} from {{ this }})
    {%- else -%}
        {{ epoch_now() }}
    {%- endif -%}
{%- endmacro %}
