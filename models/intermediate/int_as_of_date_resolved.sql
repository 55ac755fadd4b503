with transactions as (
    select * from {{ ref('stg_shop__transactions') }}
),

latest as (
    select max(transacted_at) as latest_transacted_at
    from transactions
),

resolved as (
    select
        {% if var('as_of_date') %}
            cast('{{ var("as_of_date") }}' as date) as as_of_date
        {% else %}
            {{ local_date('latest_transacted_at') }} as as_of_date
        {% endif %}
    from latest
)

select * from resolved
