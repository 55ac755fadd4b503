with periods as (
    select * from {{ ref('int_driver_periods') }}
),

revenues as (
    select * from {{ ref('int_driver_revenues') }}
),

amounts as (
    select * from {{ ref('int_driver_amounts') }}
),

driver_words as (
    select * from {{ ref('driver_words') }}
),

compared as (
    select
        periods.period,
        periods.period_from,
        periods.period_to,
        periods.base_from,
        periods.base_to,
        base.revenue as base_revenue,
        later.revenue,
        base.restated_revenue as base_restated_revenue,
        later.restated_revenue
    from periods
    inner join revenues as base on periods.base_from = base.period_from and periods.base_to = base.period_to
    inner join revenues as later on periods.period_from = later.period_from and periods.period_to = later.period_to
),

drivers as (
    select distinct driver
    from driver_words
    where driver not in ('volume', 'mix', 'price')
),

-- A driver without money has a row, too. If lines have fractions of a cent, other sales take what rounding leaves.
filled as (
    select
        compared.*,
        drivers.driver,
        case
            when drivers.driver not in ('guests', 'refunds', 'other_sales') then coalesce(amounts.buyers, 0)
        end as buyers,
        case
            when drivers.driver in ('orders_per_buyer', 'items_per_order', 'price_per_item') then amounts.base_measure
            else coalesce(amounts.base_measure, 0)
        end as base_measure,
        case
            when drivers.driver in ('orders_per_buyer', 'items_per_order', 'price_per_item') then amounts.measure
            else coalesce(amounts.measure, 0)
        end as measure,
        case
            when drivers.driver <> 'other_sales' then coalesce(amounts.amount, 0)
            else
                compared.revenue - compared.base_revenue
                - sum(case when drivers.driver <> 'other_sales' then coalesce(amounts.amount, 0) else 0 end)
                    over (partition by compared.period, compared.period_from)
        end as amount
    from compared
    cross join drivers
    left join amounts
        on
            compared.period = amounts.period
            and compared.period_from = amounts.period_from
            and drivers.driver = amounts.driver
),

worded as (
    select
        filled.period,
        filled.period_from,
        filled.period_to,
        filled.base_from,
        filled.base_to,
        filled.driver,
        driver_words.words,
        filled.base_revenue,
        cast(filled.amount as numeric(18, 2)) as amount,
        filled.revenue,
        filled.buyers,
        cast(filled.base_measure as numeric(24, 6)) as base_measure,
        cast(filled.measure as numeric(24, 6)) as measure,
        filled.base_restated_revenue,
        filled.restated_revenue
    from filled
    left join driver_words
        on
            filled.driver = driver_words.driver
            and case when filled.amount > 0 then 1 when filled.amount < 0 then -1 else 0 end = driver_words.direction
)

select * from worded
