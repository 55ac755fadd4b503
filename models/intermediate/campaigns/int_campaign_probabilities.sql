{%- set node_step = 0.05 -%}

with tests as (
    select * from {{ ref('int_campaign_tests') }}
),

numbers as (
    {{ dbt.generate_series(127) }}
),

-- Tanh-sinh quadrature from 0 to 1: the sum of weight times the function at place has all digits of its integral.
stretched as (
    select
        {{ node_step }} * (cast(generated_number as {{ type_double() }}) - 64) as position,
        pi() / 2 * sinh({{ node_step }} * (cast(generated_number as {{ type_double() }}) - 64)) as stretched_position
    from numbers
),

nodes as (
    select
        (1 + tanh(stretched_position)) / 2 as place,
        {{ node_step }} * pi() / 4 * cosh(position) / power(cosh(stretched_position), 2) as weight
    from stretched
),

-- The area under the density from 0 to the statistic. PostgreSQL refuses exp() of less than some -708.
integrated as (
    select
        tests.campaign_id,
        tests.metric,
        tests.test,
        tests.statistic * tests.peak_density * sum(nodes.weight * exp(greatest(-700, coalesce(
            -(tests.degrees_of_freedom + 1) / 2
            * ln(1 + power(nodes.place * tests.statistic, 2) / tests.degrees_of_freedom),
            -power(nodes.place * tests.statistic, 2) / 2
        )))) as area
    from tests
    cross join nodes
    group by tests.campaign_id, tests.metric, tests.test, tests.statistic, tests.peak_density
),

rated as (
    select
        tests.campaign_id,
        tests.metric,
        tests.test,
        tests.degrees_of_freedom,
        tests.statistic,
        greatest(0, 1 - 2 * integrated.area) as p_value,
        tests.peak_density * exp(greatest(-700, coalesce(
            -(tests.degrees_of_freedom + 1) / 2 * ln(1 + power(tests.statistic, 2) / tests.degrees_of_freedom),
            -power(tests.statistic, 2) / 2
        ))) as density
    from tests
    inner join integrated
        on
            tests.campaign_id = integrated.campaign_id
            and tests.metric = integrated.metric
            and tests.test = integrated.test
)

select * from rated
