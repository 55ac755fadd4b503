with periods as (
    select * from {{ ref('int_driver_periods') }}
),

buyers as (
    select * from {{ ref('int_driver_buyers') }}
),

first_purchases as (
    select * from {{ ref('int_purchase_summaries') }}
),

later as (
    select
        periods.period,
        periods.period_from as compared_from,
        buyers.*
    from periods
    inner join buyers on periods.period_from = buyers.period_from and periods.period_to = buyers.period_to
),

base as (
    select
        periods.period,
        periods.period_from as compared_from,
        buyers.*
    from periods
    inner join buyers on periods.base_from = buyers.period_from and periods.base_to = buyers.period_to
),

paired as (
    select
        coalesce(later.period, base.period) as period,
        coalesce(later.compared_from, base.compared_from) as period_from,
        coalesce(later.customer_id, base.customer_id) as customer_id,
        coalesce(base.order_count, 0) as base_order_count,
        coalesce(later.order_count, 0) as order_count,
        coalesce(base.items, 0) as base_items,
        coalesce(later.items, 0) as items,
        coalesce(base.purchases, 0) as base_purchases,
        coalesce(later.purchases, 0) as purchases,
        coalesce(base.other_sales, 0) as base_other_sales,
        coalesce(later.other_sales, 0) as other_sales,
        coalesce(base.refunds, 0) as base_refunds,
        coalesce(later.refunds, 0) as refunds
    from later
    full outer join base
        on
            later.period = base.period
            and later.compared_from = base.compared_from
            and later.customer_id = base.customer_id
),

grouped as (
    select
        paired.*,
        case
            when paired.customer_id = '(unknown)' then 'guests'
            when paired.order_count > 0 and paired.base_order_count > 0 then 'returning_buyers'
            when paired.order_count > 0 and first_purchases.first_purchase_date >= paired.period_from then 'new_buyers'
            when paired.order_count > 0 then 'resurrected_buyers'
            when paired.base_order_count > 0 then 'lost_buyers'
            else 'others'
        end as buyer_group
    from paired
    left join first_purchases on paired.customer_id = first_purchases.customer_id
),

summed as (
    select
        period,
        period_from,
        buyer_group,
        count(*) as buyers,
        sum(base_order_count) as base_order_count,
        sum(order_count) as order_count,
        sum(base_items) as base_items,
        sum(items) as items,
        sum(base_purchases) as base_purchases,
        sum(purchases) as purchases,
        sum(base_other_sales) as base_other_sales,
        sum(other_sales) as other_sales,
        sum(base_refunds) as base_refunds,
        sum(refunds) as refunds
    from grouped
    group by period, period_from, buyer_group
)

select * from summed
