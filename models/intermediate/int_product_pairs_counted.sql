{#-
    Eight parts by the first product: each is counted whole by one process, with a hash table that fits into memory. One
    count of everything would send every process's share to one, which adds them up. The table is named in each part and
    not imported once, because a part can't run in parallel on a CTE that several read.
-#}
{%- set parts = 8 -%}

with counted as (
    {%- for part in range(parts) %}
    select
        firsts.product_number,
        others.other_product_number,
        count(*) as pair_orders
    from {{ ref('int_order_baskets_collected') }} as baskets
    cross join unnest(baskets.product_numbers) with ordinality as firsts (product_number, place)
    cross join unnest(baskets.product_numbers[firsts.place + 1:]) as others (other_product_number)
    where mod(firsts.product_number, {{ parts }}) = {{ part }}
    group by firsts.product_number, others.other_product_number
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
)

select * from counted
