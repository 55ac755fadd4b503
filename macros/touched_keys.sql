{#-
    The keys of a sum of lines that must be summed anew: those of all lines, present and former, of every order that
    changed since the model was last built. The model keeps the number of that build in last_build.
-#}
{% macro touched_keys(columns) %}
    select distinct {{ columns | join(', ') }}
    from {{ ref('int_transactions_versioned') }}
    where
        (valid_to_build is null or valid_to_build > (select coalesce(max(last_build), 0) from {{ this }}))
        and order_id in (
            select order_id
            from {{ ref('int_transactions_versioned') }}
            where
                valid_from_build > (select coalesce(max(last_build), 0) from {{ this }})
                or valid_to_build > (select coalesce(max(last_build), 0) from {{ this }})
        )
{% endmacro %}
