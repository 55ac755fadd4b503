with estimates as (
    select * from {{ ref('int_campaign_estimates') }}
),

sample_ratios as (
    select * from {{ ref('int_campaign_sample_ratios') }}
),

-- The critical value begins as a guess, the expansion of Cornish and Fisher around the normal one; `campaign_results`
-- corrects it by its own p-value. Beyond 100, p-values are 0 to twelve digits. The root of a chi-square with one degree
-- of freedom is normal; then there are no degrees of freedom.
listed as (
    select
        campaign_id,
        metric,
        method || ' effect' as test,
        degrees_of_freedom,
        least(abs(estimate) / standard_error, 100) as statistic
    from estimates
    union all
    select
        campaign_id,
        metric,
        method || ' critical' as test,
        degrees_of_freedom,
        1.959963984540054 + (2.372271230298562 + (2.8224986157396112 + (
            2.555849679507722 + 1.5895340533938225 / degrees_of_freedom
        ) / degrees_of_freedom) / degrees_of_freedom) / degrees_of_freedom as statistic
    from estimates
    union all
    select
        campaign_id,
        'all' as metric,
        'sample ratio' as test,
        cast(null as {{ type_double() }}) as degrees_of_freedom,
        least(sqrt(chi_square), 100) as statistic
    from sample_ratios
    where chi_square is not null
),

-- Stirling's series converges fast in this variable.
shifted as (
    select
        *,
        1 / power(degrees_of_freedom / 2 + 1.75, 2) as step
    from listed
),

-- The density at 0. Of Student's t it is a quotient of two gamma functions, here taken two steps further on.
peaked as (
    select
        campaign_id,
        metric,
        test,
        degrees_of_freedom,
        statistic,
        coalesce(
            exp(step * (0.015625 - step * (0.00244140625 - step * (
                0.0012410481770833333 - step * (0.0013208389282226562 - step * 0.002409029006958008)
            )))) / sqrt(sqrt(step) * pi() * degrees_of_freedom)
            * degrees_of_freedom * (degrees_of_freedom + 2)
            / ((degrees_of_freedom + 1) * (degrees_of_freedom + 3)),
            1 / sqrt(2 * pi())
        ) as peak_density
    from shifted
)

select * from peaked
