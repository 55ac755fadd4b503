{#- Number of the build that the lines were last changed in. -#}
{% macro last_build() -%}
    (
        select coalesce({{ largest(['max(valid_from_build)', 'max(valid_to_build)']) }}, 0)
        from {{ ref('int_transactions_versioned') }}
    )
{%- endmacro %}
