{#-
    The keys of a sum of lines that must be summed anew: those of all lines, present and former, that changed since the
    model was last built, which is the build of the number given. What `judges_orders` sums lines by whether their order
    is a purchase, or by its day: where refunds are about, or several days, a change of one line may turn that for all
    lines of its order.
-#}
{% macro touched_keys(columns, build, judges_orders=false) %}
    {%- set versions = ref('int_transactions_versioned') -%}
    {%- set changed = 'valid_from_build > ' ~ build ~ ' or valid_to_build > ' ~ build -%}
    {%- set not_over = '(valid_to_build is null or valid_to_build > ' ~ build ~ ')' -%}
    select distinct {{ columns | join(', ') }}
    from {{ versions }}
    where {{ changed }}
    {%- if judges_orders %}
        {{ union_distinct() }}
        select distinct {{ columns | join(', ') }}
        from {{ versions }}
        where
            {{ not_over }}
            and order_id in (
                select order_id
                from {{ versions }}
                where {{ not_over }} and order_id in (select order_id from {{ versions }} where {{ changed }})
                group by order_id
                having min(amount) < 0 or min(transaction_date) < max(transaction_date)
            )
    {%- endif %}
{% endmacro %}
