{%- set features = [
    'purchase_count', 'total_spend', 'average_transaction_value', 'days_since_last_purchase', 'customer_lifetime_days',
] -%}

with customers as (
    select * from {{ ref('customer_metrics') }}
),

buyers as (
    select *
    from customers
    where purchase_count > 0 and customer_id <> '(unknown)'
),

-- One customer a thousand times larger than all others would be a cluster of its own.
limits as (
    select
        {% for feature in features %}
            percentile_cont({{ var('segment_clip_percentile') }}) within group (order by {{ feature }})
                as most_{{ feature }},
        {% endfor %}
        count(*) as buyers
    from buyers
),

clipped as (
    select
        {% for feature in features %}
            least(buyers.{{ feature }}, limits.most_{{ feature }}) as {{ feature }},
        {% endfor %}
        false
        {% for feature in features %}
            or buyers.{{ feature }} > limits.most_{{ feature }}
        {% endfor %}
            as is_clipped,
        buyers.customer_id
    from buyers
    cross join limits
),

moments as (
    select
        {% for feature in features %}
            avg(cast({{ feature }} as {{ type_double() }})) as mean_{{ feature }},
            nullif(stddev_pop({{ feature }}), 0) as deviation_{{ feature }},
        {% endfor %}
        count(*) as buyers
    from clipped
),

-- Multiples of 2^-20 add up exactly in floating point, so the clusters don't depend on the order of the rows.
standardized as (
    select
        {% for feature in features %}
            cast(
                round(
                    1048576 * coalesce(
                        (clipped.{{ feature }} - moments.mean_{{ feature }})
                        / moments.deviation_{{ feature }}, 0
                    )
                ) as {{ type_double() }}
            ) / 1048576 as {{ feature }},
        {% endfor %}
        coalesce(clipped.is_clipped, false) as is_clipped,
        clipped.customer_id
    from clipped
    cross join moments
)

select * from standardized
