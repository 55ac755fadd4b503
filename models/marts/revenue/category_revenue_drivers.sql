{%- set so_far = 'over (partition by categories.period, categories.period_from order by categories.category'
    ~ ' rows unbounded preceding)' -%}

with periods as (
    select * from {{ ref('int_driver_periods') }}
),

revenues as (
    select * from {{ ref('int_driver_revenues') }}
),

categories as (
    select
        *,
        base_gross_revenue - base_refunds as base_net_revenue,
        gross_revenue - refunds as net_revenue,
        cast(base_units as {{ type_double() }}) as units_1,
        cast(units as {{ type_double() }}) as units_2,
        cast(base_gross_revenue as {{ type_double() }}) as sales_1,
        cast(gross_revenue as {{ type_double() }}) as sales_2
    from {{ ref('int_driver_categories') }}
),

driver_words as (
    select * from {{ ref('driver_words') }}
),

totalled as (
    select
        periods.period_to,
        periods.base_from,
        periods.base_to,
        categories.*,
        base.revenue_before + sum(categories.base_net_revenue) {{ so_far }} as base_so_far,
        later.revenue_before + sum(categories.net_revenue) {{ so_far }} as later_so_far
    from categories
    inner join periods on categories.period = periods.period and categories.period_from = periods.period_from
    inner join revenues as base on periods.base_from = base.period_from and periods.base_to = base.period_to
    inner join revenues as later on periods.period_from = later.period_from and periods.period_to = later.period_to
),

-- Steps of the rounded running total add up to the rounded total. Where nothing was sold in one of the periods, all of
-- the change is volume.
measured as (
    select
        *,
        round(base_so_far, 2) - round(base_so_far - base_net_revenue, 2) as base_revenue,
        round(later_so_far, 2) - round(later_so_far - net_revenue, 2) as revenue,
        case
            when base_units > 0 and units > 0
                then
                    {{ rounded_quotient(
                        '(units_2 - units_1) * (sales_1 * units_2 + sales_2 * units_1)', '(2 * units_1 * units_2)', 18, 2
                    ) }}
            else cast(round(gross_revenue - base_gross_revenue, 2) as numeric(18, 2))
        end as volume_change,
        cast(round(price_change, 2) as numeric(18, 2)) as rounded_price_change,
        cast(round(base_refunds - refunds, 2) as numeric(18, 2)) as refunds_change
    from totalled
),

united as (
    select
        measured.*,
        driver_words.driver,
        driver_words.direction,
        driver_words.words,
        case driver_words.driver
            when 'volume' then measured.volume_change
            when 'price' then measured.rounded_price_change
            when 'refunds' then measured.refunds_change
            else
                measured.revenue - measured.base_revenue
                - measured.volume_change - measured.rounded_price_change - measured.refunds_change
        end as amount
    from measured
    inner join driver_words on driver_words.driver in ('volume', 'mix', 'price', 'refunds')
),

worded as (
    select
        period,
        period_from,
        period_to,
        base_from,
        base_to,
        category,
        driver,
        words,
        cast(base_revenue as numeric(18, 2)) as base_revenue,
        cast(amount as numeric(18, 2)) as amount,
        cast(revenue as numeric(18, 2)) as revenue,
        base_units,
        units
    from united
    where case when amount > 0 then 1 when amount < 0 then -1 else 0 end = direction
)

select * from worded
