with order_days as (
    select * from {{ ref('int_order_days') }}
),

as_of_dates as (
    select * from {{ ref('int_as_of_date') }}
),

first_days as (
    select min(transaction_date) as first_date
    from order_days
),

listed as (
    {{
        days_listed(
            'first_days cross join as_of_dates', 'first_days.first_date', 'as_of_dates.as_of_date', 'calendar_date'
        )
    }}
)

select * from listed
