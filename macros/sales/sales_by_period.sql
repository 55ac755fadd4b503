{#-
    One select for hours, days and months, so that they have the same measures. A period without sales has zeros; it is
    not missing. An order has its type in one period only, so it counts once. If fractions of a cent round net revenue up
    and gross revenue down, the greater of the two keeps refunds from falling below zero.
-#}
{% macro sales_by_period(calendar, period, orders, order_period) -%}
    select
        periods.*,
        cast(coalesce(summed.transaction_count, 0) as bigint) as transaction_count,
        cast(coalesce(summed.order_count, 0) as bigint) as order_count,
        cast(coalesce(summed.credit_note_count, 0) as bigint) as credit_note_count,
        cast(coalesce(summed.refunded_order_count, 0) as bigint) as refunded_order_count,
        coalesce(summed.unique_customers, 0) as unique_customers,
        coalesce(summed.costed_revenue, 0) as costed_revenue,
        summed.gross_margin,
        greatest(
            {{ rounded_parts('coalesce(summed.gross_revenue, 0)', 'periods.' ~ period) }},
            {{ rounded_parts('coalesce(summed.net_revenue, 0)', 'periods.' ~ period) }}
        ) as gross_revenue,
        {{ rounded_parts('coalesce(summed.net_revenue, 0)', 'periods.' ~ period) }} as net_revenue
    from {{ calendar }} as periods
    left join (
        select
            {{ order_period }} as order_period,
            sum(transaction_count) as transaction_count,
            sum(case when order_type = 'purchase' then 1 else 0 end) as order_count,
            sum(case when order_type = 'credit note' then 1 else 0 end) as credit_note_count,
            sum(case when order_type = 'refunded order' then 1 else 0 end) as refunded_order_count,
            count(distinct case when order_type = 'purchase' and customer_id <> '(unknown)' then customer_id end)
                as unique_customers,
            sum(costed_revenue) as costed_revenue,
            sum(gross_margin) as gross_margin,
            sum(gross_revenue) as gross_revenue,
            sum(net_revenue) as net_revenue
        from {{ orders }}
        group by {{ order_period }}
    ) as summed on periods.{{ period }} = summed.order_period
{%- endmacro %}
