{#-
    Adds what customers and products files say to a relation of transaction lines; the model has the CTEs products,
    customers and customer_emails. The prefix keeps the new columns apart from those that the relation may have.
-#}
{% macro describe_lines(lines, prefix='') %}
    select
        {{ lines }}.*,
        coalesce(customer_emails.customer_id, {{ lines }}.named_customer_id, '(unknown)') as {{ prefix }}customer_id,
        coalesce(products.category, {{ lines }}.named_category, '(unknown)') as {{ prefix }}category,
        coalesce(customers.customer_segment, '(unknown)') as {{ prefix }}customer_segment,
        coalesce(customers.age_group, '(unknown)') as {{ prefix }}age_group,
        coalesce(customers.location, '(unknown)') as {{ prefix }}location
    from {{ lines }}
    left join customer_emails on {{ lines }}.named_customer_id = customer_emails.email_customer_id
    left join customers
        on coalesce(customer_emails.customer_id, {{ lines }}.named_customer_id) = customers.customer_id
    left join products on {{ lines }}.product_id = products.product_id
{% endmacro %}
