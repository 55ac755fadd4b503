{#-
    One row per e-mail address of the customers files: the identifier derived from it for lines with only the address,
    and the customer to whom it belongs. A customer with an identifier of its own comes before one whose identifier is
    derived, so the latter is superseded as soon as a file names the former. Then the first source counts.
-#}
{% macro match_customer_emails(customers) %}
    select
        ranked.email_customer_id,
        ranked.customer_id
    from (
        select
            addressed.email_customer_id,
            addressed.customer_id,
            row_number() over (
                partition by addressed.email_customer_id
                order by
                    case when addressed.customer_id = addressed.email_customer_id then 1 else 0 end,
                    addressed.source_rank,
                    addressed.registered_at nulls last,
                    addressed.customer_id
            ) as email_rank
        from (
            select
                customer_id,
                source_rank,
                registered_at,
                {{ customer_id_from_email('email') }} as email_customer_id
            from {{ customers }}
            where trim(email) <> ''
        ) as addressed
    ) as ranked
    where ranked.email_rank = 1
{% endmacro %}
