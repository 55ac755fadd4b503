with classes as (
    select * from {{ ref('abc_classes') }}
),

totals as (
    select * from {{ ref('metrics_summary') }}
),

-- A dimension without any revenue is shown with zero members.
dimensions as (
    select 'customer' as dimension
    union all
    select 'product' as dimension
    union all
    select 'category' as dimension
),

-- Of members with equal revenue it does not matter which comes first.
numbered as (
    select
        dimension,
        revenue,
        abc_class,
        row_number() over (partition by dimension order by revenue asc, member asc) as place_from_below,
        row_number() over (partition by dimension order by revenue desc, member asc) as place,
        count(*) over (partition by dimension) as members
    from classes
),

-- The first p % of n members are those with place - 1 < p * n / 100, so part of a member counts as a whole one.
summed as (
    select
        dimension,
        count(*) as members,
        sum(revenue) as revenue,
        sum(revenue * place_from_below) as weighted_revenue,
        sum(case when (place - 1) * 100 < members then revenue else 0 end) as top_1_revenue,
        sum(case when (place - 1) * 100 < 10 * members then revenue else 0 end) as top_10_revenue,
        sum(case when (place - 1) * 100 < 20 * members then revenue else 0 end) as top_20_revenue,
        sum(case when abc_class = 'A' then 1 else 0 end) as class_a_members,
        sum(case when abc_class = 'B' then 1 else 0 end) as class_b_members,
        sum(case when abc_class = 'C' then 1 else 0 end) as class_c_members
    from numbered
    group by dimension
),

measured as (
    select
        dimensions.dimension,
        coalesce(summed.members, 0) as members,
        cast(coalesce(summed.revenue, 0) as numeric(18, 2)) as revenue,
        cast(totals.total_revenue - coalesce(summed.revenue, 0) as numeric(18, 2)) as other_revenue,
        {{ rounded_quotient(
            '(2 * summed.weighted_revenue - (summed.members + 1) * summed.revenue)',
            '(summed.members * summed.revenue)', 9, 6
        ) }} as gini,
        {{ rounded_quotient('summed.top_1_revenue', 'summed.revenue', 9, 6) }} as top_1_percent_share,
        {{ rounded_quotient('summed.top_10_revenue', 'summed.revenue', 9, 6) }} as top_10_percent_share,
        {{ rounded_quotient('summed.top_20_revenue', 'summed.revenue', 9, 6) }} as top_20_percent_share,
        coalesce(summed.class_a_members, 0) as class_a_members,
        coalesce(summed.class_b_members, 0) as class_b_members,
        coalesce(summed.class_c_members, 0) as class_c_members
    from dimensions
    cross join totals
    left join summed on dimensions.dimension = summed.dimension
)

select * from measured
