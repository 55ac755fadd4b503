{#-
    One select for hours, days and months, so that they have the same measures. A period without sales has zeros; it is
    not missing. If fractions of a cent round net revenue up and gross revenue down, the greater of the two keeps
    refunds from falling below zero.
-#}
{% macro sales_by_period(calendar, period, orders, order_period) -%}
    select
        periods.*,
        cast(coalesce(summed.transaction_count, 0) as bigint) as transaction_count,
        coalesce(summed.order_count, 0) as order_count,
        coalesce(summed.unique_customers, 0) as unique_customers,
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
            count(distinct order_id) as order_count,
            count(distinct customer_id) as unique_customers,
            sum(gross_revenue) as gross_revenue,
            sum(net_revenue) as net_revenue
        from {{ orders }}
        group by {{ order_period }}
    ) as summed on periods.{{ period }} = summed.order_period
{%- endmacro %}
