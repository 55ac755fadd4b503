-- Once a file gives the owner of an e-mail address an identifier, the customer derived from that address is gone.
select customers.customer_id
from {{ ref('customer_metrics') }} as customers
inner join {{ ref('int_customer_emails') }} as customer_emails
    on customers.customer_id = customer_emails.email_customer_id
where customer_emails.customer_id <> customers.customer_id
