{%- set half_life = var('recommendation_personal_half_life_days') %}
{#- Weights grow for so many half-lives before they begin anew, to 2^28 at most, which an integer holds. -#}
{%- set period = 8 * half_life %}
{%- set epoch = "cast('1970-01-01' as date)" -%}

with as_of_dates as (
    select * from {{ ref('int_as_of_date_resolved') }}
),

days_numbered as (
    select {{ dbt.datediff(epoch, 'as_of_date', 'day') }} as as_of_day
    from as_of_dates
),

rounded as (
    select cast(floor(floor(as_of_day / {{ period }}.0) * {{ period }}) as integer) as weight_day
    from days_numbered
),

resolved as (
    select
        cast({{ dbt.dateadd('day', 'weight_day', epoch) }} as date) as weight_date,
        cast({{ dbt.dateadd('day', 'weight_day + ' ~ period | int, epoch) }} as date) as last_weight_date,
        cast({{ half_life }} as {{ type_double() }}) as half_life_days
    from rounded
)

select * from resolved
