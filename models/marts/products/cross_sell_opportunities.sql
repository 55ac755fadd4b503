with customers as (
    select * from {{ ref('int_customers') }}
),

rfm as (
    select * from {{ ref('customer_rfm') }}
),

portfolio as (
    select * from {{ ref('product_portfolio') }}
),

members as (
    select
        customers.customer_id,
        coalesce(nullif(customers.customer_segment, '(unknown)'), rfm.rfm_segment) as segment
    from customers
    left join rfm on customers.customer_id = rfm.customer_id
    where
        customers.customer_id <> '(unknown)'
        and coalesce(nullif(customers.customer_segment, '(unknown)'), rfm.rfm_segment) is not null
),

segments as (
    select
        segment,
        count(*) as segment_customers,
        sum(count(*)) over () as total_customers
    from members
    group by segment
),

owned as (
    select
        members.segment,
        portfolio.product_id,
        count(*) as segment_owners,
        sum(count(*)) over (partition by portfolio.product_id) as total_owners
    from portfolio
    inner join members on portfolio.customer_id = members.customer_id
    where portfolio.is_active
    group by members.segment, portfolio.product_id
),

measured as (
    select
        owned.*,
        segments.segment_customers,
        {{ rounded_quotient('owned.segment_owners * 1.0', 'segments.segment_customers', 9, 6) }} as segment_share,
        {{ rounded_quotient('owned.total_owners * 1.0', 'segments.total_customers', 9, 6) }} as overall_share,
        {{ rounded_quotient(
            'owned.segment_owners * segments.total_customers * 1.0',
            '(segments.segment_customers * owned.total_owners)', 18, 6
        ) }} as lift
    from owned
    inner join segments on owned.segment = segments.segment
),

ranked as (
    select
        members.customer_id,
        measured.*,
        portfolio.product_id is not null as was_owned,
        row_number() over (
            partition by members.customer_id
            order by measured.lift desc, measured.segment_owners desc, measured.product_id asc
        ) as opportunity_rank
    from members
    inner join measured on members.segment = measured.segment
    left join portfolio
        on members.customer_id = portfolio.customer_id and measured.product_id = portfolio.product_id
    where
        measured.lift > 1
        and measured.segment_owners >= {{ var('min_segment_owners') }}
        and not coalesce(portfolio.is_active, false)
),

explained as (
    select
        customer_id,
        opportunity_rank,
        product_id,
        segment,
        segment_owners,
        segment_customers,
        segment_share,
        overall_share,
        lift,
        was_owned,
        'owned by ' || cast(segment_owners as {{ dbt.type_string() }})
        || ' of ' || cast(segment_customers as {{ dbt.type_string() }}) || ' customers of segment ' || segment || ', '
        || cast(cast(lift as numeric(18, 1)) as {{ dbt.type_string() }})
        || ' times the share of all customers' as reason
    from ranked
    where opportunity_rank <= {{ var('cross_sell_count') }}
)

select * from explained
