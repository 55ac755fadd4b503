{%- set methods = ['personal', 'co_purchase', 'segment_affinity', 'popularity'] -%}
with scored as (
    select * from {{ ref('int_recommendation_lists_scored') }}
),

ranked as (
    select
        purpose,
        'shipped' as method,
        customer_id,
        list,
        product_number,
        method as strongest_method,
        score,
        row_number() over (partition by purpose, customer_id, list order by score desc, product_id asc) as rank
    from scored
    {% for method in methods -%}
        union all
        select
            purpose,
            '{{ method }}' as method,
            customer_id,
            list,
            product_number,
            '{{ method }}' as strongest_method,
            cast({{ method }}_score as numeric(9, 6)) as score,
            row_number() over (
                partition by customer_id, list order by {{ method }}_score desc, product_id asc
            ) as rank
        from scored
        where purpose = 'backtest' and {{ method }}_score is not null
    {% endfor %}
),

listed as (
    select *
    from ranked
    where rank <= {{ var('recommendation_list_length') }}
)

select * from listed
