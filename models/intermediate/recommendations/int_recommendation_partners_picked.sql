with lists as (
    select *
    from {{ ref('int_recommendation_lists_ranked') }}
    where purpose = 'shipped' and strongest_method = 'co_purchase'
),

owned as (
    select *
    from {{ ref('int_recommendation_owned_ranked') }}
    where purpose = 'shipped'
),

neighbours as (
    select *
    from {{ ref('int_recommendation_neighbours_ranked') }}
    where purpose = 'shipped'
),

products as (
    select * from {{ ref('stg_shop__products') }}
),

-- A customer's own products are joined first, as they are few and Spark joins in the order that is written.
ranked as (
    select
        lists.customer_id,
        lists.product_number,
        owned.product_id as partner_id,
        neighbours.pair_orders,
        row_number() over (
            partition by lists.customer_id, lists.product_number
            order by owned.personal_weight * neighbours.cosine_weight desc, owned.product_id asc
        ) as partner_rank
    from lists
    inner join owned on lists.customer_id = owned.customer_id
    inner join neighbours
        on
            lists.product_number = neighbours.neighbour_number
            and owned.product_number = neighbours.product_number
),

picked as (
    select
        ranked.customer_id,
        ranked.product_number,
        ranked.partner_id,
        coalesce(products.product_name, products.product_type, ranked.partner_id) as partner_name,
        ranked.pair_orders
    from ranked
    left join products on ranked.partner_id = products.product_id
    where ranked.partner_rank = 1
)

select * from picked
