with periods as (
    select * from {{ ref('int_driver_periods') }}
),

products as (
    select * from {{ ref('int_driver_products') }}
),

later as (
    select
        periods.period,
        periods.period_from as compared_from,
        products.*
    from periods
    inner join products on periods.period_from = products.period_from and periods.period_to = products.period_to
),

base as (
    select
        periods.period,
        periods.period_from as compared_from,
        products.*
    from periods
    inner join products on periods.base_from = products.period_from and periods.base_to = products.period_to
),

paired as (
    select
        coalesce(later.period, base.period) as period,
        coalesce(later.compared_from, base.compared_from) as period_from,
        coalesce(later.category, base.category) as category,
        coalesce(base.units, 0) as base_units,
        coalesce(later.units, 0) as units,
        coalesce(base.gross_revenue, 0) as base_gross_revenue,
        coalesce(later.gross_revenue, 0) as gross_revenue,
        coalesce(base.refunds, 0) as base_refunds,
        coalesce(later.refunds, 0) as refunds
    from later
    full outer join base
        on
            later.period = base.period
            and later.compared_from = base.compared_from
            and later.category = base.category
            and later.product_id = base.product_id
),

-- Floating point, so that all engines divide alike.
totalled as (
    select
        *,
        cast(base_units as {{ type_double() }}) as units_1,
        cast(units as {{ type_double() }}) as units_2,
        cast(base_gross_revenue as {{ type_double() }}) as sales_1,
        cast(gross_revenue as {{ type_double() }}) as sales_2,
        cast(sum(base_units) over (partition by period, period_from, category) as {{ type_double() }}) as all_units_1,
        cast(sum(units) over (partition by period, period_from, category) as {{ type_double() }}) as all_units_2
    from paired
),

-- The change of the price, times the mean share of the product, times the mean units of the category. A product that
-- was not sold in one of the periods has kept its price. Rounded, so that the sum is the same in any order.
priced as (
    select
        *,
        case
            when base_units > 0 and units > 0
                then
                    {{ rounded_quotient(
                        '(all_units_1 + all_units_2) * (units_1 * all_units_2 + units_2 * all_units_1)'
                        ~ ' * (sales_2 * units_1 - sales_1 * units_2)',
                        '(4 * all_units_1 * all_units_2 * units_1 * units_2)', 24, 6
                    ) }}
            else 0
        end as price_change
    from totalled
),

summed as (
    select
        period,
        period_from,
        category,
        sum(base_units) as base_units,
        sum(units) as units,
        sum(base_gross_revenue) as base_gross_revenue,
        sum(gross_revenue) as gross_revenue,
        sum(base_refunds) as base_refunds,
        sum(refunds) as refunds,
        cast(sum(price_change) as numeric(24, 6)) as price_change
    from priced
    group by period, period_from, category
)

select * from summed
