{#-
    The keys of a sum of lines that must be summed anew: those of all lines, present and former, of every order that
    changed since the model was last built, which is the build of the number given.
-#}
{% macro touched_keys(columns, build) %}
    select distinct {{ columns | join(', ') }}
    from {{ ref('int_transactions_versioned') }}
    where
        (valid_to_build is null or valid_to_build > {{ build }})
        and order_id in (
            select order_id
            from {{ ref('int_transactions_versioned') }}
            where valid_from_build > {{ build }} or valid_to_build > {{ build }}
        )
{% endmacro %}
