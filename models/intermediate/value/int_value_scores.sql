with summaries as (
    select * from {{ ref('int_value_summaries') }}
),

fits as (
    select * from {{ ref('int_value_fits') }}
),

joined as (
    select
        summaries.*,
        fits.model,
        fits.p * summaries.frequency as value_weight,
        fits.q - 1 as prior_weight,
        fits.p * fits.gamma as prior_value,
        case
            when summaries.frequency > 0
                then
                    ln(fits.a / (fits.b + (summaries.frequency - 1)))
                    + (fits.r + summaries.frequency)
                    * ln((7 * fits.alpha + summaries.tenure_days) / (7 * fits.alpha + summaries.recency_days))
        end as log_odds_left
    from summaries
    inner join fits on summaries.summary_date = fits.summary_date
),

scored as (
    select
        summary_date,
        customer_id,
        frequency,
        tenure_days,
        monetary_value,
        -- Nobody can leave before the first repeat purchase. The exponent is limited, because engines refuse a power
        -- that leaves the range of a double.
        case
            when model = 'bg_nbd' and frequency = 0 then 1
            when model = 'bg_nbd' then 1 / (1 + exp(greatest(-700, least(700, log_odds_left))))
        end as probability_alive,
        -- The more purchases, the more their own mean counts next to that of all customers.
        case
            when model = 'bg_nbd'
                then (prior_value + value_weight * monetary_value) / (value_weight + prior_weight)
            when frequency > 0 then monetary_value
            else revenue
        end as expected_average_value
    from joined
)

select * from scored
