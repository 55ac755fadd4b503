with lists as (
    select * from {{ ref('int_recommendation_lists_ranked') }}
    where purpose = 'shipped'
),

customers as (
    select *
    from {{ ref('int_recommendation_customers_listed') }}
    where purpose = 'shipped'
),

products as (
    select *
    from {{ ref('int_recommendation_products_measured') }}
    where purpose = 'shipped'
),

described as (
    select * from {{ ref('stg_shop__products') }}
),

owned as (
    select
        histories.*,
        {{
            dbt.datediff('histories.last_order_date', 'cutoffs.cutoff_date', 'day')
        }} as days_ago
    from {{ ref('int_recommendation_owned_ranked') }} as histories
    inner join {{ ref('int_recommendation_cutoffs_listed') }} as cutoffs on histories.purpose = cutoffs.purpose
    where histories.purpose = 'shipped'
),

partners as (
    select * from {{ ref('int_recommendation_partners_picked') }}
),

segment_products as (
    select *
    from {{ ref('int_recommendation_segment_products_ranked') }}
    where purpose = 'shipped'
),

reasoned as (
    select
        lists.customer_id,
        lists.list,
        cast(lists.rank as integer) as rank,
        products.product_id,
        described.product_name,
        described.product_type,
        products.category,
        lists.strongest_method as method,
        lists.score,
        case
            when lists.strongest_method = 'personal'
                then
                    'you bought it '
                    || case owned.order_count when 1 then 'once' else {{ as_text('owned.order_count') }} || ' times' end
                    || case
                        when owned.days_ago = 0 then ', last today'
                        when owned.days_ago = 1 then ', last 1 day ago'
                        else ', last ' || {{ as_text('owned.days_ago') }} || ' days ago'
                    end
            when lists.strongest_method = 'co_purchase'
                then
                    'bought together with ' || partners.partner_name
                    || ' in ' || {{ as_text('partners.pair_orders') }} || ' orders'
            when lists.strongest_method = 'segment_affinity'
                then
                    'number ' || {{ as_text('segment_products.rank_in_category') }} || ' of category '
                    || products.category || ' among customers of segment ' || customers.segment
            when lists.list = 'repeat'
                then
                    'bought again by ' || {{ counted_customers('products.repeat_customers_last_30_days') }}
                    || ' in the last 30 days'
            when products.new_customers_last_30_days > 0
                then
                    'bought for the first time by ' || {{ counted_customers('products.new_customers_last_30_days') }}
                    || ' in the last 30 days'
            else 'bought by ' || {{ counted_customers('products.customers') }} || ' so far'
        end as reason
    from lists
    inner join products on lists.product_number = products.product_number
    inner join customers on lists.customer_id = customers.customer_id
    left join described on products.product_id = described.product_id
    left join owned
        on
            lists.customer_id = owned.customer_id
            and lists.product_number = owned.product_number
    left join partners
        on
            lists.customer_id = partners.customer_id
            and lists.product_number = partners.product_number
    left join segment_products
        on
            customers.segment = segment_products.segment
            and lists.product_number = segment_products.product_number
)

select * from reasoned
