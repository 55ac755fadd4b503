{% macro counted_customers(count) -%}
    case when {{ count }} = 1 then '1 customer' else {{ as_text(count) }} || ' customers' end
{%- endmacro %}
